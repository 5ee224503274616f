// Runs a program, given as JSON, with the streams of this process.
import process from "node:process";
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import { linuxProgramSpec, type Program } from "../../plugins/testing/mod.ts";
import { Client, Registry } from "../../src/mod.ts";

const [id = "", program = ""] = process.argv.slice(2);
const shim = "org.example.host.v1";
const client = new Client(new Registry({ [shim]: hostRuntime() }));
const spec = linuxProgramSpec(JSON.parse(program) as Program, { rootfs: "/" });
const status = await client.run(id, spec, shim, {
  stdio: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
});
await client[Symbol.asyncDispose]();
process.exitCode = status.state === "exited" ? status.code : 1;
