import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SerialQueue } from "../../src/serial-queue.ts";

describe("SerialQueue", () => {
  it("add() runs the jobs of a key one after the other, those of others side by side", async () => {
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const queue = new SerialQueue(() => {});
    queue.add("a", async () => {
      log.push("a1 begins");
      await gate.promise;
      log.push("a1 ends");
    });
    queue.add("a", () => void log.push("a2"));
    const other = Promise.withResolvers<void>();
    queue.add("b", () => {
      log.push("b1");
      other.resolve();
    });
    await other.promise;
    assert.deepEqual(log, ["a1 begins", "b1"]);
    gate.resolve();
    await queue.idle();
    assert.deepEqual(log, ["a1 begins", "b1", "a1 ends", "a2"]);
  });

  it("add() reports a job that fails and goes on", async () => {
    const errors: unknown[] = [];
    const log: string[] = [];
    const queue = new SerialQueue((error) => errors.push(error));
    queue.add("a", () => {
      throw new Error("at once");
    });
    queue.add("a", () => Promise.reject(new Error("later")));
    queue.add("a", () => void log.push("still here"));
    await queue.idle();
    assert.deepEqual(errors.map((error) => (error as Error).message), ["at once", "later"]);
    assert.deepEqual(log, ["still here"]);
  });

  it("add() refuses a job of a key of which too many wait, and takes one again later", async () => {
    const gate = Promise.withResolvers<void>();
    const log: number[] = [];
    const queue = new SerialQueue(() => {}, 3);
    assert.ok(queue.add("a", () => gate.promise));
    for (let job = 1; job <= 5; job++) {
      assert.equal(queue.add("a", () => void log.push(job)), job <= 3);
    }
    assert.ok(queue.add("b", () => {}));
    gate.resolve();
    await queue.idle();
    assert.ok(queue.add("a", () => void log.push(6)));
    await queue.idle();
    assert.deepEqual(log, [1, 2, 3, 6]);
  });

  it("idle() resolves at once when there is nothing to do", async () => {
    await new SerialQueue(() => {}).idle();
  });
});
