import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import type { EventStream } from "../../src/events.ts";
import { taskEvent } from "../faults/task-event.ts";
import { eventually } from "../helpers/eventually.ts";
import { scale } from "../helpers/scale.ts";
import { collectGarbage } from "../web/collect-garbage.ts";
import { withFake } from "./support/with-fake.ts";

/** How many events a subscriber may be behind. */
const LIMIT = 4096;

const SUBSCRIBERS = 99;

/** Fewer than the limit, so that no reader loses any, however slow the machine. */
const BATCH = 1000;

/** How many megabytes the second half may take that the first one did not. */
const GROWTH_MB = 16;

/** Counts what a subscriber reads, and keeps its order: a container lives, and then the next one. */
class Counter {
  count = 0;
  gaps = 0;
  disorder = 0;
  readonly over: Promise<void>;
  #before = "";

  constructor(stream: EventStream) {
    this.over = this.#read(stream);
  }

  async #read(stream: EventStream): Promise<void> {
    for await (const event of stream) {
      if (!("containerId" in event)) {
        this.gaps++;
        continue;
      }
      this.count++;
      const isNext = event.type === "create"
        ? this.#before !== event.containerId
        : this.#before === event.containerId;
      if (!isNext) this.disorder++;
      this.#before = event.containerId;
    }
  }
}

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

describe("events() in a flood", () => {
  const total = scale(6_000, 100_000);

  it(`events() gives ${total} events to each of many readers, and a gap to who does not read`, async () => {
    await withFake(async ({ fake, client, events }) => {
      await events[Symbol.asyncDispose]();
      const silent = client.events();
      const streams = Array.from({ length: SUBSCRIBERS }, () => client.events());
      await Promise.all([silent, ...streams].map((stream) => stream.ready));
      const counters = streams.map((stream) => new Counter(stream));
      let pid = 0;
      let told = 0;
      const tell = async (until: number) => {
        while (told < until) {
          for (let i = 0; i < BATCH; i += 4) {
            const id = `c${++pid}`;
            fake.emit(
              taskEvent.create(id, pid),
              taskEvent.start(id, pid),
              taskEvent.exit(id, pid),
              taskEvent.delete(id, pid),
            );
          }
          told += BATCH;
          await eventually(
            `${told} events are read`,
            () => counters.every(({ count, gaps }) => count + gaps >= told),
          );
        }
      };
      await tell(total / 2);
      const before = heapMegabytes();
      await tell(total);
      const growth = heapMegabytes() - before;
      assert.ok(growth < GROWTH_MB, `${growth} MB more`);
      for (const { count, gaps, disorder } of counters) {
        assert.deepEqual({ count, gaps, disorder }, { count: total, gaps: 0, disorder: 0 });
      }

      // The one that did not read has the first of them, and is told of the loss once.
      fake.emit(taskEvent.create("last", 1));
      await eventually("the last is read", () => counters.every(({ count }) => count > total));
      const seen: string[] = [];
      for await (const event of silent) {
        seen.push(event.type);
        if (seen.length > LIMIT) break;
      }
      assert.equal(seen.filter((type) => type === "gap").length, 1);
      assert.equal(seen.at(-1), "gap");
      await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
      await Promise.all(counters.map(({ over }) => over));
    });
  });

  it("events() goes on after a gap", async () => {
    await withFake(async ({ fake, client, events }) => {
      const silent = client.events();
      await silent.ready;
      for (let i = 1; i <= LIMIT + 10; i++) fake.emit(taskEvent.create(`c${i}`, i));
      // Whoever reads is told of all, even if it has to catch up.
      await events.until(`create c${LIMIT + 10}`);
      const reader = silent[Symbol.asyncIterator]();
      for (let i = 1; i <= LIMIT; i++) {
        const { value } = await reader.next();
        assert.equal(value?.type, "create");
      }
      assert.equal((await reader.next()).value?.type, "gap");
      fake.emit(taskEvent.create("more", 1));
      const { value } = await reader.next();
      assert.deepEqual([value?.type, value && "containerId" in value && value.containerId], [
        "create",
        "more",
      ]);
      await silent[Symbol.asyncDispose]();
    });
  });
});
