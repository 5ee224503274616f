import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { rejectsWith } from "../../plugins/testing/assertions.ts";
import { ContainerError } from "../../src/errors.ts";
import type { EventStream, RuntimeEvent } from "../../src/events.ts";
import { gaplessEvents } from "../../src/gapless-events.ts";
import { eventually } from "../helpers/eventually.ts";
import { eventLine } from "./support/event-line.ts";
import { eventsOf, ScriptedSource } from "./support/scripted-source.ts";

/** How many containers are asked for at a time. */
const AT_ONCE = 16;

/** After how long it is asked for what only a handle knows, and a moment more. */
const NOTE_MS = 2300;

/** Reads a stream for the length of `use`, into lines. */
async function reading(
  stream: EventStream,
  use: (lines: readonly string[]) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const read = (async () => {
    for await (const event of stream) lines.push(eventLine(event));
  })();
  try {
    await stream.ready;
    await use(lines);
  } finally {
    await stream[Symbol.asyncDispose]();
    await read;
  }
}

async function readAll(stream: AsyncIterable<RuntimeEvent>): Promise<readonly RuntimeEvent[]> {
  const events: RuntimeEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

function denied(): ContainerError {
  return new ContainerError("permission_denied", "Cannot subscribe to events: not allowed");
}

describe("gaplessEvents()", () => {
  it("gaplessEvents() asks for what is missing behind what is missed no more", async () => {
    const source = new ScriptedSource();
    const held: (() => void)[] = [];
    source.gate = async ({ containerId }) => {
      if (!containerId.startsWith("busy")) return;
      await new Promise<void>((resolve) => held.push(resolve));
    };
    await reading(gaplessEvents(source), async (lines) => {
      const init = { processId: "init", type: "started" } as const;
      for (let index = 0; index < AT_ONCE; index++) {
        const [containerId, pid] = [`busy${index}`, 100 + index];
        source.tell(eventsOf(containerId, pid).create());
        source.tasks.push({ containerId, pid, state: "running" });
        source.note({ ...init, containerId, pid });
      }
      await eventually("all places are taken", () => held.length === AT_ONCE);
      const [late, web] = [eventsOf("late", 500), eventsOf("web", 600)];
      source.tell(late.create(), web.create(), web.start());
      source.note({ ...init, containerId: "late", pid: 500 });
      const ended = { ...init, type: "ended", containerId: "web", pid: 600 } as const;
      source.note({ ...ended, status: web.status(3) });
      source.tasks.push({ containerId: "web", pid: 600, state: "stopped", exit: web.status(3) });
      await sleep(NOTE_MS);
      // Both wait for their turn, and of the first one nothing is missed any more.
      source.tell(late.start());
      for (const release of held) release();
      await eventually("the end is told", () => lines.includes("exit web/init 3 (reconciled)"));
    });
  });

  it("gaplessEvents() asks for nothing at first, and on a reconnect only for what differs", async () => {
    const source = new ScriptedSource();
    source.tasks = Array.from({ length: 300 }, (_, index) => ({
      containerId: `c${index}`,
      pid: 100 + index,
      state: "running",
    }));
    await reading(gaplessEvents(source), async (lines) => {
      // The first list after it is cut, which must not make all of them suspect.
      let lists = 0;
      source.listGate = async (signal) => {
        if (++lists > 1) return;
        source.end();
        await new Promise((_, reject) => signal.addEventListener("abort", reject, { once: true }));
      };
      source.end();
      await eventually("it is listed again", () => lists === 2);
      const web = eventsOf("c7", 107);
      source.tell(web.exit(3));
      await eventually("an end is told", () => lines.includes("exit c7/init 3"));
      await sleep(300);
      assert.deepEqual(source.asked, []);
    });
  });

  it("gaplessEvents() asks again over the next connection where an answer does not come", async () => {
    const source = new ScriptedSource();
    const cuts: AbortSignal[] = [];
    source.gate = async (_, signal) => {
      cuts.push(signal);
      if (cuts.length <= AT_ONCE) await new Promise(() => {});
    };
    await reading(gaplessEvents(source), async (lines) => {
      for (let index = 0; index < AT_ONCE; index++) {
        const [containerId, pid] = [`c${index}`, 100 + index];
        source.tell(eventsOf(containerId, pid).create(), eventsOf(containerId, pid).start());
      }
      source.end();
      await eventually("all are asked for", () => cuts.length === AT_ONCE);
      source.end();
      await eventually(
        "all ends are told",
        () => lines.filter((line) => line.startsWith("exit ")).length === AT_ONCE,
      );
      assert.ok(cuts.slice(0, AT_ONCE).every(({ aborted }) => aborted));
    });
  });

  it("gaplessEvents() throws what the first subscription fails with, read or awaited", async () => {
    for (const isAwaited of [true, false]) {
      const source = new ScriptedSource();
      source.isLiveAtOnce = false;
      const stream = gaplessEvents(source);
      const read = isAwaited ? stream.ready : readAll(stream);
      source.fail(denied());
      await rejectsWith(read, "permission_denied");
    }
  });

  it("gaplessEvents() whose first subscription just ends says unavailable", async () => {
    const source = new ScriptedSource();
    source.isLiveAtOnce = false;
    const stream = gaplessEvents(source);
    source.end();
    await rejectsWith(stream.ready, "unavailable");
    await rejectsWith(readAll(stream), "unavailable");
  });

  it("gaplessEvents() says unavailable where too much happens before the tasks are listed", async () => {
    const source = new ScriptedSource();
    const { promise, resolve } = Promise.withResolvers<void>();
    source.listGate = () => promise;
    const stream = gaplessEvents(source);
    const event = eventsOf("web", 1).create();
    for (let index = 0; index < 70_000; index++) source.tell(event);
    await rejectsWith(stream.ready, "unavailable");
    resolve();
  });

  it("gaplessEvents() ends without an error for a reader that leaves, also before it is live", async () => {
    const source = new ScriptedSource();
    source.isLiveAtOnce = false;
    let ended = 0;
    const stream = gaplessEvents(source, { onEnd: () => ended++ });
    stream.ready.catch(() => {});
    const next = stream[Symbol.asyncIterator]().next();
    await stream[Symbol.asyncDispose]();
    assert.equal((await next).done, true);
    assert.equal(ended, 1);
  });

  it("events() says oomKilled true after an oom, and unknown where none is told", async () => {
    const source = new ScriptedSource();
    const told = new Map<string, boolean | "unknown">();
    const stream = gaplessEvents(source);
    await stream.ready;
    const [web, two] = [eventsOf("web", 1), eventsOf("two", 2)];
    source.tell(web.create(), web.start(), web.added("a"), web.started("a", 3));
    source.tell(web.ended("a", 3, 0), web.oom(), web.exit(1));
    source.tell(two.create(), two.start(), two.exit(137));
    for await (const event of stream) {
      if (event.type !== "exit" || event.status.state !== "exited") continue;
      told.set(`${event.containerId}/${event.processId}`, event.status.oomKilled);
      if (told.size === 3) break;
    }
    assert.deepEqual(
      told,
      new Map<string, unknown>([["web/a", "unknown"], ["web/init", true], ["two/init", "unknown"]]),
    );
  });
});
