import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeClient } from "./fake-client.ts";
import { exitOf, startOf } from "./events-fixture.ts";

describe("Client", () => {
  it("a backend may dispose the client from a handler, and wait for it", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { runtime, client } = makeClient({
      backend: {
        processEvent: async () => {
          await Promise.resolve();
          await client[Symbol.asyncDispose]().then(resolve, reject);
        },
      },
    });
    await client.version();
    runtime.emit(exitOf("web"));
    await promise;
    assert.ok(runtime.isDisposed);
  });

  it("a backend is subscribed before the first call reaches the runtime", async () => {
    const told: string[] = [];
    const { runtime, client } = makeClient({
      backend: { processEvent: (id, type) => void told.push(`${id} ${type}`) },
    });
    runtime.hook = () => assert.equal(runtime.subscriptions, 1);
    await client.version();
    runtime.emit(startOf("web"));
    runtime.emit(exitOf("web"));
    await client[Symbol.asyncDispose]();
    assert.deepEqual(told, ["web start", "web exit"]);
  });

  it("a backend that fails is told the next event, also when onError throws", async () => {
    const told: string[] = [];
    const { runtime, client } = makeClient({
      backend: {
        processEvent: (id, type) => {
          told.push(`${id} ${type}`);
          throw new Error("no handler");
        },
      },
      onError: () => {
        throw new Error("no logger");
      },
    });
    await client.version();
    runtime.emit(startOf("web"));
    runtime.emit(exitOf("web"));
    await new Promise((resolve) => setImmediate(resolve));
    await client[Symbol.asyncDispose]();
    assert.deepEqual(told, ["web start", "web exit"]);
  });

  it("a call fails, and the next one works, when the backend could not be subscribed", async () => {
    const { runtime, client } = makeClient({ backend: { processEvent: () => {} } });
    runtime.subscriptionProblem = new Error("no events today");
    await assert.rejects(client.version(), /no events today/);
    runtime.subscriptionProblem = undefined;
    assert.equal((await client.version()).version, "1.0");
  });
});
