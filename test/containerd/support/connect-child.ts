import process from "node:process";
import { connect } from "../../../plugins/auto/mod.ts";
import { isContainerError } from "../../../src/errors.ts";

// Connects to an address, and tells how that failed.
try {
  await (await connect({ address: process.argv[2] ?? "" }))[Symbol.asyncDispose]();
  console.log(JSON.stringify({ code: "none" }));
} catch (error) {
  const { code, message } = isContainerError(error) ? error : { code: "", message: String(error) };
  console.log(JSON.stringify({ code, message }));
}
