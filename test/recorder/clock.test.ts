import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReplayClock } from "../../plugins/recorder/replay/clock.ts";

describe("ReplayClock", () => {
  it("ReplayClock calls back in the order of the times, each at its own", () => {
    const clock = new ReplayClock();
    clock.goTo(1000);
    const told: string[] = [];
    const tell = (name: string) => () => void told.push(`${name} at ${clock.now()}`);
    clock.after(30, tell("last"));
    clock.after(10, () => {
      tell("first")();
      clock.after(5, tell("set by the first"));
    });
    const cancel = clock.after(20, tell("cancelled"));
    clock.after(20, tell("second"));
    clock.after(31, tell("too late"));
    cancel();
    clock.goTo(1030);
    assert.deepEqual(told, [
      "first at 1010",
      "set by the first at 1015",
      "second at 1020",
      "last at 1030",
    ]);
    clock.goTo(500);
    assert.equal(clock.now(), 1030);
  });
});
