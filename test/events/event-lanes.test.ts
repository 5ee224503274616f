import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventLanes } from "../../src/event-lanes.ts";
import { EventLedger } from "../../src/event-ledger.ts";
import type { ContainerEvent } from "../../src/events.ts";
import { ProcessNotes } from "../../src/process-notes.ts";
import { eventually } from "../helpers/eventually.ts";

/** How long events wait for those before them, and how much of that a test takes. */
const HOLD_MS = 100;
const LATE_MS = 30;
const TRIES = 100;

const of = { containerId: "web", timestamp: new Date(0), source: "observed" } as const;
const created = { ...of, type: "create", pid: 7 } as const;
const started = { ...of, type: "start", pid: 7 } as const;
const ended = {
  ...of,
  type: "exit",
  processId: "init",
  pid: 7,
  status: {
    state: "exited",
    code: 3,
    exitedAt: new Date(0),
    oomKilled: false,
    truncated: false,
  },
} as const;

function makeLanes() {
  const told: ContainerEvent[] = [];
  const stop = new AbortController();
  const lanes = new EventLanes({
    ledger: new EventLedger(new ProcessNotes()),
    tell: (event) => void told.push(event),
    wasOomKilled: () => Promise.resolve(false),
    onUnknown: () => {},
    signal: stop.signal,
  });
  return { lanes, told, stop };
}

const lines = (told: readonly ContainerEvent[]) =>
  told.map(({ type, source }) => `${type} ${source}`);

describe("EventLanes", () => {
  it("push() keeps an exit until its start comes, which is told as it came", async () => {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const { lanes, told, stop } = makeLanes();
      lanes.push(created, undefined);
      const before = performance.now();
      lanes.push(ended, undefined);
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
      lanes.push(started, undefined);
      const tookMs = performance.now() - before;
      await eventually("all is told", () => told.length === 3);
      stop.abort();
      // On a machine that was busy meanwhile the time was over.
      if (tookMs >= HOLD_MS) continue;
      assert.deepEqual(lines(told), ["create observed", "start observed", "exit observed"]);
      return;
    }
    assert.fail(`the machine was too busy ${TRIES} times`);
  });

  it("push() makes up for a start that does not come", async () => {
    const { lanes, told, stop } = makeLanes();
    lanes.push(created, undefined);
    lanes.push(ended, undefined);
    assert.deepEqual(lines(told), ["create observed"]);
    await eventually("all is told", () => told.length === 3);
    assert.deepEqual(lines(told), ["create observed", "start reconciled", "exit observed"]);
    lanes.push(started, undefined);
    assert.equal(told.length, 3);
    stop.abort();
  });
});
