import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { createClient } from "@connectrpc/connect";
import { grpc } from "../../plugins/grpc/mod.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { taskEvent } from "../faults/task-event.ts";
import { holdings, type HoldingsOptions, noMoreThan, openDescriptors } from "../helpers/leaks.ts";
import { isStress, scale } from "../helpers/scale.ts";
import { collectGarbage } from "./support/garbage.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { LifeCount } from "./support/life-count.ts";
import { fifoDir, RUNC } from "./support/open-client.ts";
import { useDaemon } from "./support/own-daemon.ts";
import { readAll } from "./support/read-all.ts";
import { specOf } from "./support/specs.ts";

const LIFECYCLES = scale(20, 5000);
/** How long it takes at least, in milliseconds: the lifecycles are spread over that. */
const DURATION_MS = scale(0, 30 * 60_000);
/**
 * A stream remembers the last 4,096 containers for what comes late of them. That many are told of
 * before, so that it grows no more for that reason.
 */
const REMEMBERED = scale(0, 4096);
/** Runtimes compile, and open descriptors for good, when they first do something. */
const WARM_UP = scale(12, 200);
/** Where the lifecycles begin that are measured. */
const FIRST = REMEMBERED + WARM_UP;
/** How many containers there are at a time. */
const AT_ONCE = 4;
/** How often stock is taken, beside at the start. */
const PARTS = 10;
/** How much the heap may grow, in bytes. */
const HEAP_BYTES = 3 * 1024 * 1024;
/** How much the process may grow, in bytes. Allocators keep what they had once. */
const RESIDENT_BYTES = 96 * 1024 * 1024;
/** How many more descriptors the daemon may have for a moment, of shims that are on their way out. */
const DAEMON_DESCRIPTORS = 20;
/** Only a hang takes that long. */
const BUDGET_MS = scale(2, 120) * 60_000;

/** Figures of one moment at which no container is there. */
interface Sample {
  readonly minutes: number;
  readonly lifecycles: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly descriptors: number;
  readonly daemonDescriptors: number;
  readonly events: number;
  readonly reconciled: number;
}

const own = useDaemon();
const where = (): HoldingsOptions => ({ daemon: own.daemon, fifoDirs: [fifoDir(own.daemon)] });
const codeOf = (index: number): number => index % 100;

/** Tells of the lives of containers that there are not. */
async function tellOf(count: number): Promise<void> {
  const rpc = await grpc({ address: own.daemon.address })();
  await disposeAfter(rpc, async ({ transport }) => {
    const publisher = createClient(Events, transport);
    const headers = { "containerd-namespace": own.daemon.namespace };
    for (let index = 0; index < count; index++) {
      const id = `soak-${index}`;
      const pid = 10_000_000 + index;
      const life = [
        taskEvent.create(id, pid),
        taskEvent.start(id, pid),
        taskEvent.exit(id, pid, { code: codeOf(index) }),
        taskEvent.delete(id, pid),
      ];
      for (const { topic, event } of life) await publisher.publish({ topic, event }, { headers });
    }
  });
}

/** Half of the containers have output, which is read. */
async function live(index: number): Promise<void> {
  const { client } = own;
  const id = `soak-${index}`;
  const code = codeOf(index);
  const isRead = index % 2 === 1;
  await client.create(id, specOf("sh", "-c", `echo ${id}; exit ${code}`), RUNC);
  const task = await client.start(id, { stdio: isRead ? { stdout: "piped" } : {} });
  const { stdout } = task.stdio;
  if (stdout) assert.equal(await readAll(stdout), `${id}\n`);
  const status = await task.wait();
  assert.equal(status.state === "exited" && status.code, code);
  await client.deleteTask(id);
  await client.delete(id);
}

/** Lives through containers, some at a time, each no sooner than `dueMs` says. */
async function liveAll(from: number, to: number, dueMs: (index: number) => number): Promise<void> {
  let next = from;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < to) {
      const index = next++;
      await until(dueMs(index));
      await live(index);
    }
  }));
}

async function until(timeMs: number): Promise<void> {
  const restMs = timeMs - performance.now();
  if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
}

function print({ minutes, lifecycles, residentBytes, heapBytes, ...counts }: Sample): void {
  const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1).padStart(7);
  const { descriptors, daemonDescriptors, events, reconciled } = counts;
  console.log(
    `${minutes.toFixed(1).padStart(5)} min ${String(lifecycles).padStart(5)} lifecycles` +
      ` ${megabytes(residentBytes)} MB RSS ${megabytes(heapBytes)} MB heap` +
      ` ${descriptors} descriptors, ${daemonDescriptors} of the daemon, ${events} events, ${reconciled} of them reconciled`,
  );
}

describe("a client that is used for long", () => {
  const name =
    `${LIFECYCLES} lifecycles under one open event stream leave nothing, and each is told`;
  it(name, { timeout: BUDGET_MS }, async () => {
    const { client, daemon } = own;
    const stream = client.events();
    await stream.ready;
    const lives = new LifeCount(stream, {
      count: FIRST + LIFECYCLES,
      indexOf: (id) => Number(id.replace(/^soak-/, "")),
      codeOf,
    });
    await tellOf(REMEMBERED);
    await liveAll(REMEMBERED, FIRST, () => 0);
    const before = holdings(where());
    const start = performance.now();
    const first = await sample(0);
    for (let part = 1; part <= PARTS; part++) {
      const countOf = (parts: number) => FIRST + Math.floor(LIFECYCLES * parts / PARTS);
      const dueMs = (index: number) => start + DURATION_MS * (index - FIRST) / LIFECYCLES;
      await liveAll(countOf(part - 1), countOf(part), dueMs);
      await until(start + DURATION_MS * part / PARTS);
      const now = await sample(countOf(part) - FIRST);
      const heapGrowth = now.heapBytes - first.heapBytes;
      assert.ok(heapGrowth < HEAP_BYTES, `the heap has grown by ${heapGrowth} bytes`);
      const growth = now.residentBytes - first.residentBytes;
      assert.ok(growth < RESIDENT_BYTES, `the process has grown by ${growth} bytes`);
      const more = now.daemonDescriptors - first.daemonDescriptors;
      assert.ok(more < DAEMON_DESCRIPTORS, `the daemon has ${more} more descriptors`);
    }
    assert.deepEqual(await leftovers(daemon), NOTHING);
    await lives.until(FIRST + LIFECYCLES);
    await stream[Symbol.asyncDispose]();
    await lives.ended;
    assert.deepEqual(lives.wrong, []);
    assert.equal(lives.events, 4 * (FIRST + LIFECYCLES));

    /** Waits until everything of the containers is gone, and measures what is left. */
    async function sample(lifecycles: number): Promise<Sample> {
      await noMoreThan(before, where());
      await collectGarbage();
      const { rss, heapUsed } = process.memoryUsage();
      const now = {
        minutes: (performance.now() - start) / 60_000,
        lifecycles,
        residentBytes: rss,
        heapBytes: heapUsed,
        descriptors: openDescriptors().size,
        daemonDescriptors: readdirSync(`/proc/${daemon.pid}/fd`).length,
        events: lives.events,
        reconciled: lives.reconciled,
      };
      if (isStress) print(now);
      return now;
    }
  });
});
