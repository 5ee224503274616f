import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EventStream } from "../../src/events.ts";
import type { ProcessNote } from "../../src/event-source.ts";
import { hostEvents } from "../../plugins/memory/events.ts";
import { insideOf } from "../../plugins/memory/host.ts";
import type { Link } from "../../plugins/memory/link.ts";
import { MemoryHost } from "../../plugins/memory/mod.ts";
import { eventually } from "../helpers/eventually.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";

/** Counts what listens to an `AbortController`'s signal. */
class CountedAbort extends AbortController {
  listeners = 0;

  constructor() {
    super();
    const { signal } = this;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      this.listeners++;
      Reflect.apply(add, signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      this.listeners--;
      Reflect.apply(remove, signal, args);
    };
  }
}

/** Counts what waits for the closing of a connection. */
function countClosing(link: Link): { waiting: number } {
  const count = { waiting: 0 };
  const listen = link.onClosing.bind(link);
  link.onClosing = (close) => {
    count.waiting++;
    const forget = listen(close);
    let isThere = true;
    return () => {
      forget();
      if (isThere) count.waiting--;
      isThere = false;
    };
  };
  return count;
}

const ways: Readonly<Record<string, (stream: EventStream) => Promise<void>>> = {
  "its reader leaves": async (stream) => {
    await stream.ready;
    await stream[Symbol.asyncIterator]().return?.();
  },
  "it is disposed": async (stream) => {
    await stream.ready;
    await stream[Symbol.asyncDispose]();
  },
  "it is disposed before it is ready": async (stream) => {
    await stream[Symbol.asyncDispose]();
  },
  "its subscription is refused": async (stream) => {
    await assert.rejects(stream.ready);
    await assert.rejects(async () => {
      for await (const _ of stream);
    });
  },
};

describe("hostEvents()", () => {
  for (const [name, end] of Object.entries(ways)) {
    it(`hostEvents() listens to nothing any more once ${name}`, async () => {
      await disposeAfter(new MemoryHost(), async (host) => {
        if (name.endsWith("refused")) {
          host.faults.failCalls({ method: "subscribe", code: "permission_denied" });
        }
        const inside = insideOf(host);
        const link = inside.connect("memory");
        const closing = countClosing(link);
        const abort = new CountedAbort();
        const notes = new Set<(note: ProcessNote) => void>();
        const connection = { link, host: inside, drainBudgetMs: 2000, notes };
        for (let round = 0; round < 3; round++) {
          const stream = hostEvents(connection, { signal: abort.signal });
          assert.ok(closing.waiting > 0 && abort.listeners > 0);
          await end(stream);
          // What the subscription itself waits with is gone when that has ended.
          await eventually(
            "the end of the subscription",
            () => notes.size === 0 && host.residue().subscriptions === 0,
          );
          assert.deepEqual([closing.waiting, abort.listeners], [0, 0]);
        }
        await link.close();
      });
    });
  }
});
