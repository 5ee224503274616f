import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerEvent, RuntimeEvent } from "../../src/events.ts";
import { disordersOf, livesOf } from "./lives.ts";

const base = { containerId: "web", timestamp: new Date(), source: "observed" } as const;
const start: ContainerEvent = { ...base, type: "start", pid: 1 };
const exit: ContainerEvent = {
  ...base,
  type: "exit",
  processId: "init",
  pid: 1,
  status: { state: "lost", reason: "gone", noticedAt: new Date() },
};
const gone: ContainerEvent = { ...base, type: "delete", processId: "init", pid: 1 };
const added: ContainerEvent = { ...base, type: "exec-started", processId: "more", pid: 2 };
const connected: RuntimeEvent = { type: "connected", timestamp: new Date() };

describe("livesOf()", () => {
  it("livesOf() counts starts and ends of each process", () => {
    const lives = livesOf([start, connected, added, exit, gone]);
    assert.deepEqual([...lives], [
      ["web/init", { starts: 1, exits: 1 }],
      ["web/more", { starts: 1, exits: 0 }],
    ]);
  });
});

describe("disordersOf()", () => {
  const cases: readonly [readonly RuntimeEvent[], readonly string[]][] = [
    [[start, added, exit, gone], []],
    [[start, start, exit], ["web/init started twice"]],
    [[start, exit, exit], ["web/init ended twice"]],
    [[exit, start], ["web/init started after its end"]],
    [[start, gone, exit], ["exit of web/init after its deletion"]],
  ];
  for (const [events, disorders] of cases) {
    it(`disordersOf() finds ${disorders[0] ?? "nothing wrong"}`, () => {
      assert.deepEqual(disordersOf(events), disorders);
    });
  }
});
