import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Backend, EventHub } from "../../src/event-hub.ts";
import { isContainerError } from "../../src/errors.ts";
import type { RuntimeEvent } from "../../src/events.ts";
import { eventually } from "../helpers/eventually.ts";
import { exitOf, startOf } from "./events-fixture.ts";
import { FakeRuntime } from "./fake-runtime.ts";

function makeHub(backend?: Backend) {
  const errors: unknown[] = [];
  return { hub: new EventHub(backend, (error) => errors.push(error)), errors };
}

async function take(stream: AsyncIterable<RuntimeEvent>, count: number) {
  const events: RuntimeEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

describe("EventHub", () => {
  it("stream() joins the events of all runtimes", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    const { hub } = makeHub();
    const stream = hub.stream(() => Promise.resolve([a, b]), {});
    await stream.ready;
    const [one, two] = [startOf("one"), startOf("two")];
    a.emit(one);
    b.emit(two);
    assert.deepEqual(new Set(await take(stream, 2)), new Set([one, two]));
  });

  it("stream() gives every reader every event, over one subscription", async () => {
    const runtime = new FakeRuntime();
    const { hub } = makeHub();
    const runtimes = () => Promise.resolve([runtime]);
    const [first, second] = [hub.stream(runtimes, {}), hub.stream(runtimes, {})];
    await Promise.all([first.ready, second.ready]);
    assert.equal(runtime.subscriptions, 1);
    runtime.emit(startOf("web"));
    assert.deepEqual(await take(first, 1), [startOf("web")]);
    assert.equal(runtime.subscriptions, 1);
    assert.deepEqual(await take(second, 1), [startOf("web")]);
    // Nobody reads any more.
    assert.equal(runtime.subscriptions, 0);
  });

  it("stream() takes in runtimes that are opened while it is read", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    const { hub } = makeHub();
    const stream = hub.stream(() => Promise.resolve([a]), {});
    await stream.ready;
    await hub.add(b);
    b.emit(startOf("late"));
    assert.deepEqual(await take(stream, 1), [startOf("late")]);
  });

  it("add() subscribes only if somebody listens", async () => {
    const runtime = new FakeRuntime();
    const silent = makeHub();
    await silent.hub.add(runtime);
    assert.equal(runtime.subscriptions, 0);
    const listening = makeHub({ processEvent: () => {} });
    await listening.hub.add(runtime);
    assert.equal(runtime.subscriptions, 1);
    await listening.hub[Symbol.asyncDispose]();
    assert.equal(runtime.subscriptions, 0);
  });

  it("add() rejects where the subscription cannot be made, and tries again later", async () => {
    const runtime = new FakeRuntime();
    const { hub } = makeHub({ processEvent: () => {} });
    runtime.subscriptionProblem = new Error("not now");
    await assert.rejects(hub.add(runtime), /not now/);
    runtime.subscriptionProblem = undefined;
    await hub.add(runtime);
    assert.equal(runtime.subscriptions, 1);
    await hub[Symbol.asyncDispose]();
  });

  it("stream() ends without an error when its signal aborts; ready then rejects if not live yet", async () => {
    const runtime = new FakeRuntime();
    const { hub } = makeHub();
    const abort = new AbortController();
    const stream = hub.stream(() => Promise.resolve([runtime]), { signal: abort.signal });
    await stream.ready;
    const read = take(stream, 1);
    abort.abort(new Error("enough"));
    assert.deepEqual(await read, []);
    assert.equal(runtime.subscriptions, 0);
    const reason = new Error("too late");
    const late = hub.stream(() => Promise.resolve([runtime]), {
      signal: AbortSignal.abort(reason),
    });
    await assert.rejects(late.ready, (error) => error === reason);
    assert.deepEqual(await take(late, 1), []);
  });

  it("stream() goes on after a runtime's stream that ends by itself, and says so", async () => {
    const runtime = new FakeRuntime();
    const { hub } = makeHub();
    const stream = hub.stream(() => Promise.resolve([runtime]), {});
    await stream.ready;
    const iterator = stream[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = await iterator.next();
      return value?.type;
    };
    runtime.emit(startOf("before"));
    assert.equal(await next(), "start");
    runtime.subscriptionProblem = new Error("not there yet");
    runtime.endSubscriptions();
    assert.equal(await next(), "disconnected");
    runtime.subscriptionProblem = undefined;
    assert.equal(await next(), "connected");
    runtime.emit(exitOf("after"));
    assert.equal(await next(), "exit");
    await stream[Symbol.asyncDispose]();
    await eventually("nothing is subscribed to", () => runtime.subscriptions === 0);
    await hub[Symbol.asyncDispose]();
  });

  it("stream() rejects its readers when no runtime can be had", async () => {
    const { hub } = makeHub();
    const problem = new Error("no runtime");
    const stream = hub.stream(() => Promise.reject(problem), {});
    await assert.rejects(stream.ready, (error) => error === problem);
    await assert.rejects(take(stream, 1), (error) => error === problem);
  });

  it("a backend gets the events of a container in order, one at a time", async () => {
    const runtime = new FakeRuntime();
    const log: string[] = [];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const arrived = Promise.withResolvers<void>();
    let calls = 0;
    const { hub } = makeHub({
      processEvent: async (id, type) => {
        log.push(`${id} ${type} begins`);
        if (id === "other") return arrived.resolve();
        await gates[calls++]?.promise;
        log.push(`${id} ${type} ends`);
      },
    });
    await hub.add(runtime);
    runtime.emit(startOf("web"));
    runtime.emit(exitOf("web"));
    runtime.emit(startOf("other"));
    await arrived.promise;
    assert.deepEqual(log, ["web start begins", "other start begins"]);
    for (const gate of gates) gate.resolve();
    await hub[Symbol.asyncDispose]();
    assert.deepEqual(log.slice(2), ["web start ends", "web exit begins", "web exit ends"]);
  });

  it("a backend that throws is reported, and gets the next event all the same", async () => {
    const runtime = new FakeRuntime();
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    const { hub, errors } = makeHub({
      processEvent: (_id, type) => {
        seen.push(type);
        if (type === "start") throw new Error("cannot handle it");
        done.resolve();
      },
    });
    await hub.add(runtime);
    runtime.emit(startOf("web"));
    runtime.emit(exitOf("web"));
    await done.promise;
    assert.deepEqual(seen, ["start", "exit"]);
    assert.deepEqual(errors.map((error) => (error as Error).message), ["cannot handle it"]);
    await hub[Symbol.asyncDispose]();
  });

  it("a backend that hangs loses what is too much of its container, and that is said once", async () => {
    const runtime = new FakeRuntime();
    const gate = Promise.withResolvers<void>();
    let other = Promise.withResolvers<void>();
    let seen = 0;
    const { hub, errors } = makeHub({
      processEvent: async (id) => {
        if (id === "other") return other.resolve();
        await gate.promise;
        seen++;
      },
    });
    await hub.add(runtime);
    for (let batch = 0; batch < 5; batch++) {
      for (let event = 0; event < 1000; event++) runtime.emit(startOf("web"));
      runtime.emit(startOf("other"));
      await other.promise;
      other = Promise.withResolvers();
    }
    assert.deepEqual(errors.map((error) => isContainerError(error, "resource_exhausted")), [true]);
    gate.resolve();
    await hub[Symbol.asyncDispose]();
    assert.equal(seen, 4097);
  });

  it("a backend is not told of what is about the stream itself", async () => {
    const runtime = new FakeRuntime();
    const types: string[] = [];
    const done = Promise.withResolvers<void>();
    const { hub } = makeHub({
      processEvent: (_id, type) => {
        types.push(type);
        done.resolve();
      },
    });
    await hub.add(runtime);
    runtime.emit({ type: "disconnected", timestamp: new Date(0) });
    runtime.emit({ type: "gap", timestamp: new Date(0), missed: 1 });
    runtime.emit(exitOf("web"));
    await done.promise;
    assert.deepEqual(types, ["exit"]);
    await hub[Symbol.asyncDispose]();
  });

  it("dispose does not wait without end for a handler, which may wait for it", async () => {
    const runtime = new FakeRuntime();
    const disposed = Promise.withResolvers<void>();
    const isHandled = Promise.withResolvers<void>();
    const hub: EventHub = new EventHub(
      {
        processEvent: async () => {
          await hub[Symbol.asyncDispose]().then(disposed.resolve, disposed.reject);
          isHandled.resolve();
        },
      },
      (error) => assert.fail(`${error}`),
      1,
    );
    await hub.add(runtime);
    runtime.emit(startOf("web"));
    await disposed.promise;
    await isHandled.promise;
    assert.equal(runtime.subscriptions, 0);
  });

  it("dispose ends all streams and waits for the handlers that run", async () => {
    const runtime = new FakeRuntime();
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let isHandled = false;
    const { hub } = makeHub({
      processEvent: async () => {
        begun.resolve();
        await gate.promise;
        isHandled = true;
      },
    });
    const stream = hub.stream(() => Promise.resolve([runtime]), {});
    await stream.ready;
    runtime.emit(startOf("web"));
    await begun.promise;
    const disposed = hub[Symbol.asyncDispose]();
    gate.resolve();
    await disposed;
    assert.ok(isHandled);
    assert.deepEqual(await take(stream, 2), [startOf("web")]);
  });
});
