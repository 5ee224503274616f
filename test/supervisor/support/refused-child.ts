import process from "node:process";
import { supervise } from "../../../plugins/supervisor/mod.ts";

// Tells how supervise() fails; there is no containerd for it.

const directory = process.argv[2] ?? "";
try {
  await supervise({ directory, binary: "true" });
} catch (error) {
  const { code, message } = error as Error & { readonly code?: unknown };
  console.log(JSON.stringify({ code, message }));
}
