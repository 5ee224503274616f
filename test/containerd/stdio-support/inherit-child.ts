import process from "node:process";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import { Registry } from "../../../src/registry.ts";
import { commandSpec, SHIM } from "../bed.ts";

// Runs a shell script in a container that inherits the streams of this process, and ends with its
// exit code by coming to its end.

const [address = "", namespace = "", home = "", id = "", script = ""] = process.argv.slice(2);
const stdio = fifo({ directory: `${home}/fifo` });
const fallback = containerd({ rpc: grpc({ address }), stdio, namespace });
const client = new Client(new Registry({}, { fallback }));
const status = await client.run(id, commandSpec(script), SHIM, {
  stdio: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
});
await client[Symbol.asyncDispose]();
process.exitCode = status.state === "exited" ? status.code : 99;
