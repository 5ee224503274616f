import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import type { EventStream } from "../../../src/events.ts";
import { Registry } from "../../../src/registry.ts";
import { collectGarbage } from "../../web/collect-garbage.ts";
import { FloodReader } from "./flood-reader.ts";

// Subscribers of a flood, in a process of their own, of which one reads an event a second. Says how
// far all the others are, and then what each has read.

/** How often the progress is told, in milliseconds. */
const PROGRESS_MS = 5;

/** How long the slow one waits after each event, in milliseconds. */
const SLOW_MS = 1000;

/** The memory in use, in bytes, without garbage. */
function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const [address = "", clientCount, readerCount, eventCount] = process.argv.slice(2);
const total = Number(eventCount);
const clients = Array.from(
  { length: Number(clientCount) },
  () => new Client(new Registry({}, { fallback: containerd({ rpc: grpc({ address }) }) })),
);
const over = new AbortController();

class Subscriber {
  readonly reader: FloodReader = new FloodReader();
  readonly stream: EventStream;

  constructor(client: Client) {
    this.stream = client.events({ signal: over.signal });
  }

  async readAll(): Promise<void> {
    for await (const event of this.stream) {
      this.reader.take(event);
      if (this.reader.position >= total) return;
    }
  }

  /** Reads an event a second, and once all is over, what it still can. Says how much that was. */
  async readSlowly(): Promise<number> {
    let rest = 0;
    for await (const event of this.stream) {
      this.reader.take(event);
      if (over.signal.aborted) rest++;
      else await sleep(SLOW_MS, undefined, { signal: over.signal }).catch(() => {});
    }
    return rest;
  }
}

const subscribers = Array.from({ length: Number(readerCount) }, () => clients)
  .map((all, index) => all[index % all.length])
  .flatMap((client) => client ? [new Subscriber(client)] : []);
await Promise.all(subscribers.map(({ stream }) => stream.ready));
const fast = subscribers.slice(1);

let told = 0;
let halfBytes: number | undefined;
const progress = setInterval(() => {
  const read = Math.min(...fast.map(({ reader }) => reader.position));
  if (read > told) console.log(`read ${told = read}`);
  if (read >= total / 2) halfBytes ??= heapBytes();
}, PROGRESS_MS);

const slow = subscribers[0]?.readSlowly();
console.log("ready");
await Promise.all(fast.map((subscriber) => subscriber.readAll()));
clearInterval(progress);
const grownBytes = heapBytes() - (halfBytes ?? 0);
console.log(`read ${total}`);
over.abort();
const rest = await slow;
const readers = subscribers.map(({ reader }) => reader);
console.log(JSON.stringify({ readers, rest, grownBytes }));
await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
