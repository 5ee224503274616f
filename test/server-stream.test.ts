import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serverStream } from "../plugins/containerd/server-stream.ts";

describe("server streams", () => {
  /** A call that yields numbers until its signal aborts, and keeps that signal. */
  function call() {
    const signals: AbortSignal[] = [];
    const open = async function* (signal: AbortSignal) {
      signals.push(signal);
      for (let i = 0;; i++) {
        if (signal.aborted) throw signal.reason;
        yield i;
        await Promise.resolve();
      }
    };
    return { open, signals };
  }

  it("serverStream() ends its call when the reader leaves", async () => {
    const { open, signals } = call();
    for await (const i of serverStream(open, undefined)) if (i === 2) break;
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);
  });

  it("serverStream() rejects with the reason of its signal, before and while it is read", async () => {
    const reason = new Error("enough");
    const { open, signals } = call();
    await assert.rejects(
      serverStream(open, AbortSignal.abort(reason)).next(),
      (error) => error === reason,
    );
    assert.deepEqual(signals, []);
    const controller = new AbortController();
    const stream = serverStream(open, controller.signal);
    assert.deepEqual(await stream.next(), { done: false, value: 0 });
    controller.abort(reason);
    await assert.rejects(stream.next(), (error) => error === reason);
  });
});
