import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRouterTransport } from "@connectrpc/connect";
import { Deadline } from "../../plugins/containerd/deadline.ts";
import { Session } from "../../plugins/containerd/session.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";

const rpc = {
  transport: createRouterTransport(() => {}),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const session = new Session(rpc, {
  namespace: "default",
  drainBudgetMs: 0,
  removalBudgetMs: 0,
  id: "containerd",
});
const subject = { action: 'Cannot delete container "web"', containerId: "web" };

/** A step that ends only when it is cut. */
function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  );
}

describe("Deadline", () => {
  it("take() names the step that the time is over in", async () => {
    const deadline = new Deadline(session, subject, 1);
    const error = {
      code: "deadline_exceeded",
      containerId: "web",
      plugin: "containerd",
      message: 'Cannot delete container "web": no answer within 1 ms to a call',
    };
    await assert.rejects(deadline.take("a call", never), error);
    // Its time is that of all steps.
    let isTaken = false;
    const step = () => {
      isTaken = true;
      return Promise.resolve();
    };
    await assert.rejects(deadline.take("a call", step), error);
    assert.equal(isTaken, false);
  });

  it("take() rejects with the reason of the caller's abort, and leaves the others their time", async () => {
    const deadline = new Deadline(session, subject, 60_000);
    const controller = new AbortController();
    const reason = new Error("enough");
    const { signal } = controller;
    const outcome = deadline.take("a call", never, { signal }).catch((error: unknown) => error);
    controller.abort(reason);
    assert.equal(await outcome, reason);
    assert.equal(await deadline.take("a call", () => Promise.resolve("answer")), "answer");
    deadline.end();
  });

  for (const budgetMs of [longestDelayMs, longestDelayMs + 1, Infinity]) {
    it(`take() gives a step time with a budget of ${budgetMs} ms`, async () => {
      const deadline = new Deadline(session, subject, budgetMs);
      // A timer that is set too far ahead fires before this one.
      const step = () => new Promise((resolve) => setTimeout(() => resolve("answer"), 20));
      assert.equal(await deadline.take("a call", step), "answer");
      deadline.end();
    });
  }
});
