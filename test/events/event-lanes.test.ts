import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventLanes } from "../../src/event-lanes.ts";
import { EventLedger } from "../../src/event-ledger.ts";
import type { ContainerEvent } from "../../src/events.ts";
import { ProcessNotes } from "../../src/process-notes.ts";
import { eventually } from "../helpers/eventually.ts";
import { eventsOf } from "./support/scripted-source.ts";

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

  it("push() lets no end of a task overtake what came before of its further processes", async () => {
    const { lanes, told, stop } = makeLanes();
    const web = eventsOf("web", 7);
    // Nothing told that it was added: it was, before anybody listened.
    const came = [
      web.create(),
      web.start(),
      web.started("x", 8),
      web.ended("x", 8, 3),
      web.exit(0),
      web.deleted("init", 7),
    ];
    for (const event of came) lanes.push(event, undefined);
    await eventually("the end is told", () => told.some(({ type }) => type === "delete"));
    stop.abort();
    assert.deepEqual(lines(told), [
      "create observed",
      "start observed",
      "exec-added reconciled",
      "exec-started observed",
      "exit observed",
      "exit observed",
      "delete observed",
    ]);
  });

  it("push() tells further processes also where the clock went back since the task before", async () => {
    const { lanes, told, stop } = makeLanes();
    const life = (pid: number, more: number) => {
      const web = eventsOf("web", pid);
      return [
        web.create(),
        web.start(),
        web.added("x"),
        web.started("x", more),
        web.ended("x", more, 3),
        web.exit(0),
        web.deleted("init", pid),
      ];
    };
    const later = life(7, 8).map((event) => ({ ...event, timestamp: new Date(3_600_000) }));
    for (const event of [...later, ...life(17, 18)]) lanes.push(event, undefined);
    await eventually(
      "both ends are told",
      () =>
        told.filter((event) => event.type === "delete" && event.processId === "init").length === 2,
    );
    stop.abort();
    const ends = told.flatMap((event) => event.type === "exit" ? [event.pid] : []);
    assert.deepEqual(ends, [8, 7, 18, 17]);
  });
});
