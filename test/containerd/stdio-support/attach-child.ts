import process from "node:process";
import { processSpec } from "../../../src/oci/process-spec.ts";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import { Registry } from "../../../src/registry.ts";
import { ENDLESS_NUMBERS, NumberLines } from "./number-lines.ts";

// Starts a container that exists, and in it a further process; both write numbered lines without an
// end. Reads some of each, says how far it came, and waits to be killed.

const [address = "", namespace = "", home = "", id = ""] = process.argv.slice(2);
const stdio = fifo({ directory: `${home}/fifo` });
const fallback = containerd({ rpc: grpc({ address }), stdio, namespace });
const client = new Client(new Registry({}, { fallback }));
const init = await client.start(id, { stdio: { stdout: "piped" } });
const further = await client.exec(id, "further", processSpec({ args: ENDLESS_NUMBERS }), {
  stdio: { stdout: "piped" },
});
for (const { id: processId, stdio } of [init, further]) {
  const lines = new NumberLines();
  await lines.takeFrom(stdio.stdout.getReader(), 500_000);
  console.log(`${processId} ${lines.positionBytes}`);
}
console.log("end");
setInterval(() => {}, 1000);
