import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ExecHistories } from "../../src/exec-histories.ts";

const COUNT = 2000;

function life(execs: ExecHistories, processId: string, pid: number): void {
  const exec = execs.of(processId);
  exec.settle({ pid, state: "running" });
  exec.settle({ pid, state: "stopped" });
}

describe("ExecHistories", () => {
  it("of() remembers a bounded number of ended processes, the latest", () => {
    const execs = new ExecHistories("c", () => undefined);
    for (let index = 1; index <= COUNT; index++) life(execs, `x${index}`, index);
    const kept = Array.from({ length: COUNT }, (_, index) => index + 1)
      .filter((index) => execs.find(`x${index}`) !== undefined);
    assert.equal(kept.length, 256);
    assert.equal(kept[0], COUNT - 255);
    assert.ok(execs.hasEnded(`x${COUNT}`, COUNT));
  });

  it("of() forgets no process that runs, however many there are", () => {
    const execs = new ExecHistories("c", () => undefined);
    for (let index = 1; index <= COUNT; index++) {
      execs.of(`r${index}`).settle({ pid: index, state: "running" });
    }
    for (let index = 1; index <= COUNT; index++) life(execs, `x${index}`, COUNT + index);
    assert.equal(execs.running.length, COUNT);
    assert.equal(execs.lose().length, COUNT);
  });

  it("of() keeps an id that is used again and again", () => {
    const execs = new ExecHistories("c", () => undefined);
    for (let index = 1; index <= COUNT; index++) {
      life(execs, "health", index);
      life(execs, `x${index}`, COUNT + index);
    }
    assert.ok(execs.hasEnded("health", COUNT));
  });

  it("trim() keeps the latest few", () => {
    const execs = new ExecHistories("c", () => undefined);
    for (let index = 1; index <= COUNT; index++) life(execs, `x${index}`, index);
    execs.trim();
    assert.ok(execs.hasEnded(`x${COUNT}`, COUNT));
    assert.ok(execs.hasEnded(`x${COUNT - 15}`, COUNT - 15));
    assert.ok(!execs.hasEnded(`x${COUNT - 16}`, COUNT - 16));
  });

  it("split() takes out what runs as it is said, and only that", () => {
    const execs = new ExecHistories("c", () => undefined);
    execs.of("same").settle({ pid: 1, state: "running" });
    execs.of("other").settle({ pid: 2, state: "running" });
    const taken = execs.split(
      new Map([["same", { pid: 1, state: "running" }], ["other", { pid: 3, state: "running" }]]),
    );
    assert.deepEqual(taken.running, ["same"]);
    assert.deepEqual(execs.running, ["other"]);
  });
});
