import process from "node:process";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import { Registry } from "../../../src/registry.ts";
import { commandProcess, commandSpec } from "../bed.ts";
import { RUNC } from "./open-client.ts";

// Starts containers that answer each line of input, with a further process each, and waits to be
// killed.

const [address = "", namespace = "", directory = "", ...ids] = process.argv.slice(2);
const plugin = containerd({ rpc: grpc({ address }), stdio: fifo({ directory }), namespace });
const client = new Client(new Registry({}, { fallback: plugin }));
const stdio = { stdin: "piped", stdout: "piped" } as const;
const answer = 'while read word code; do echo "$word"; [ -n "$code" ] && exit $code; done';

setInterval(() => {}, 1000);
await Promise.all(ids.map(async (id) => {
  await client.create(id, commandSpec(answer), RUNC);
  await client.start(id, { stdio });
  await client.exec(id, "more", commandProcess(answer), { stdio });
}));
console.log("ready");
