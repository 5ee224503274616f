import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventQueue } from "../../src/event-queue.ts";

function makeQueue(limit?: number) {
  let returned = 0;
  const queue = new EventQueue<string>({
    gap: (missed) => `gap of ${missed}`,
    weigh: (item) => item.startsWith("gap of ") ? Number(item.slice(7)) : 1,
    onReturn: () => returned++,
    ...(limit === undefined ? {} : { limit }),
  });
  return { queue, returned: () => returned };
}

async function rest(queue: EventQueue<string>): Promise<readonly string[]> {
  const items: string[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe("EventQueue", () => {
  it("next() gives the items in order, and those to come to those who wait", async () => {
    const { queue } = makeQueue();
    queue.push("a");
    const reads = [queue.next(), queue.next(), queue.next()];
    queue.push("b");
    queue.push("c");
    assert.deepEqual((await Promise.all(reads)).map(({ value }) => value), ["a", "b", "c"]);
  });

  it("push() drops what goes beyond the limit, and one gap stands for it", async () => {
    const { queue } = makeQueue(2);
    for (const item of ["a", "b", "lost", "lost"]) queue.push(item);
    assert.deepEqual(await queue.next(), { done: false, value: "a" });
    queue.push("c");
    queue.close();
    assert.deepEqual(await rest(queue), ["b", "gap of 2", "c"]);
  });

  it("next() gives the gap also when nothing follows it", async () => {
    const { queue } = makeQueue(1);
    queue.push("a");
    queue.push("lost");
    assert.equal((await queue.next()).value, "a");
    assert.equal((await queue.next()).value, "gap of 1");
    queue.push("b");
    assert.equal((await queue.next()).value, "b");
  });

  it("push() tells of each loss anew, and keeps 4096 by default", async () => {
    const { queue } = makeQueue();
    for (let i = 0; i < 4097; i++) queue.push(`${i}`);
    queue.close();
    const items = await rest(queue);
    assert.equal(items.length, 4097);
    assert.deepEqual(items.slice(-2), ["4095", "gap of 1"]);
  });

  it("push() counts each loss from the start, and what a gap stands for that is lost itself", async () => {
    const { queue } = makeQueue(1);
    for (const item of ["a", "lost", "gap of 7", "lost"]) queue.push(item);
    assert.equal((await queue.next()).value, "a");
    assert.equal((await queue.next()).value, "gap of 9");
    for (const item of ["b", "lost"]) queue.push(item);
    queue.close();
    assert.deepEqual(await rest(queue), ["b", "gap of 1"]);
  });

  it("close() ends those who wait; what was added before is still read", async () => {
    const { queue, returned } = makeQueue();
    queue.push("a");
    queue.close();
    queue.push("late");
    assert.deepEqual(await rest(queue), ["a"]);
    const waiting = makeQueue();
    const read = waiting.queue.next();
    waiting.queue.close();
    assert.deepEqual(await read, { done: true, value: undefined });
    queue.close();
    assert.equal(returned(), 1);
  });

  it("return() ends it at once and drops what was not read", async () => {
    const { queue, returned } = makeQueue();
    queue.push("a");
    for await (const item of queue) {
      assert.equal(item, "a");
      queue.push("b");
      break;
    }
    assert.deepEqual(await queue.next(), { done: true, value: undefined });
    await queue[Symbol.asyncDispose]();
    assert.equal(returned(), 1);
  });
});
