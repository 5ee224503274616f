import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { ChildScript } from "../../containerd/support/child-script.ts";
import { FakeContainerd } from "../../faults/fake-containerd.ts";
import { floodEvent } from "./flood-event.ts";

// A daemon that tells events at a pace, and its subscribers in a process of theirs. Not in the
// process of a test: Node's runner follows every promise there, which slows it down several times.

/** How often the daemon tells some, in milliseconds. */
const BATCH_MS = 10;

/** How far behind a subscriber may be before the daemon waits for it: so none loses an event. */
const MOST_BEHIND = 2048;

/** When subscribers that hang are ended, in milliseconds. */
const HANG_MS = 300_000;

const [clients = "", subscribers = "", total = "", perSecond = ""] = process.argv.slice(2);
const script = new URL("flood-readers.ts", import.meta.url);

/** How far all subscribers are, but the slow one. */
function positionOf({ lines }: ChildScript): number {
  return Number(lines.findLast((line) => line.startsWith("read "))?.slice(5) ?? 0);
}

const fake = await FakeContainerd.start();
const readers = new ChildScript(script, [fake.address, clients, subscribers, total], {
  hangMs: HANG_MS,
});
await readers.line("ready");
const startMs = performance.now();
let told = 0;
let waits = 0;
let mostBehind = 0;
while (told < Number(total) && readers.isRunning) {
  const batches = Math.floor((performance.now() - startMs) / BATCH_MS) + 1;
  const due = Math.min(Number(total), batches * BATCH_MS * Number(perSecond) / 1000);
  const position = positionOf(readers);
  const allowed = Math.min(due, position + MOST_BEHIND);
  while (told < allowed) fake.emit(floodEvent(told++));
  mostBehind = Math.max(mostBehind, told - position);
  if (allowed < due) {
    waits++;
    await readers.more();
  } else {
    await sleep(Math.max(0, startMs + batches * BATCH_MS - performance.now()));
  }
}
const seconds = (performance.now() - startMs) / 1000;
const { code, lines, stderr } = await readers.ended;
if (code !== 0) throw new Error(`The subscribers ended with ${code}: ${stderr}`);
console.log(JSON.stringify({ seconds, waits, mostBehind, ...JSON.parse(lines.at(-1) ?? "") }));
await fake[Symbol.asyncDispose]();
