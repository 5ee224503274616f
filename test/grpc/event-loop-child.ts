/**
 * One client in a process of its own: `event-loop-child.ts <address> <mode>`. What it prints shows
 * how far it came; that it ends by itself is what the test waits for.
 */

import process from "node:process";
import { createClient, createContextValues } from "@connectrpc/connect";
import { grpc } from "../../plugins/grpc/mod.ts";
import { background } from "../../plugins/rpc/mod.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";

const [address = "", mode] = process.argv.slice(2);
// A process that ends by itself ends long before the connection is given up.
const connectTimeoutMs = 600_000;
const rpc = await grpc({ address, connectTimeoutMs, healthIntervalMs: 50, healthMisses: 1000 })();
const version = createClient(Version, rpc.transport);
const events = createClient(Events, rpc.transport);
const contextValues = createContextValues().set(background, true);

/** Subscribes; resolves with the rest of the stream when the first event is there. */
async function subscribe(options: { contextValues?: typeof contextValues }) {
  const stream = events.subscribe({ filters: ["all"] }, options)[Symbol.asyncIterator]();
  await stream.next();
  return stream;
}

switch (mode) {
  case "idle":
    await version.version({});
    break;
  case "background": {
    // The server answers both calls when the second one has come; until then the first one holds
    // the process. Nothing that never ends is awaited at the top level: an error of its own in Node.
    const first = version.version({});
    void subscribe({ contextValues }).then(async (stream) => {
      console.log("subscribed");
      await version.version({});
      await stream.next();
    });
    await first;
    break;
  }
  case "background call":
    void version.version({}, { contextValues });
    break;
  case "background connection":
    await version.version({}).catch(() => console.log("lost"));
    void version.version({}, { contextValues });
    // Connecting has begun then: a process that has nothing to do may end before.
    await new Promise((resolve) => setTimeout(resolve, 100));
    break;
  case "connection":
    await version.version({}).catch(() => console.log("lost"));
    console.log((await version.version({})).version);
    break;
  case "turn": {
    const hold = setInterval(() => {}, 1000);
    await subscribe({ contextValues });
    clearInterval(hold);
    console.log("subscribed");
    console.log((await version.version({})).version);
    break;
  }
  case "stream": {
    const stream = await subscribe({});
    console.log("subscribed");
    while (!(await stream.next()).done);
    console.log("ended");
    break;
  }
  case "call":
    console.log((await version.version({})).version);
    break;
  case "disposed": {
    const stream = await subscribe({});
    const next = stream.next().catch(() => console.log("rejected"));
    await rpc[Symbol.asyncDispose]();
    await next;
    break;
  }
}
console.log("done");
