import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { holding } from "../../plugins/grpc/hold.ts";
import { type HealthWatchOptions, untilUnhealthy } from "../../plugins/supervisor/health-watch.ts";

/** Answers of a daemon, one a letter: `.` is one, `x` is none. */
function answers(text: string): { check(): Promise<void>; readonly asked: () => number } {
  let asked = 0;
  return {
    check() {
      const answer = text[asked++];
      assert.ok(answer !== undefined, "asked too often");
      return answer === "." ? Promise.resolve() : Promise.reject(new Error("no answer"));
    },
    asked: () => asked,
  };
}

/** Watches, and keeps the process alive, which the watch does not. */
function watch(options: HealthWatchOptions): Promise<void> {
  return holding("foreground", untilUnhealthy(options));
}

describe("untilUnhealthy()", () => {
  for (const [text, misses] of [["x", 1], ["xxx", 3], ["xx.x.xxx", 3], ["...xx", 2]] as const) {
    it(`untilUnhealthy() ends after ${misses} misses in a row: ${text}`, async () => {
      const { check, asked } = answers(text);
      await watch({ check, intervalMs: 1, misses, signals: [] });
      assert.equal(asked(), text.length);
    });
  }

  it("untilUnhealthy() ends when a signal aborts, also before it has asked", async () => {
    const { check, asked } = answers("");
    const controllers = [new AbortController(), new AbortController()];
    const signals = controllers.map(({ signal }) => signal);
    const watching = watch({ check, intervalMs: 2 ** 31 - 1, misses: 1, signals });
    controllers[1]?.abort();
    await watching;
    assert.equal(asked(), 0);
    await watch({ check, intervalMs: 2 ** 31 - 1, misses: 1, signals });
  });
});
