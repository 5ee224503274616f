import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rejectsWith } from "../../plugins/testing/assertions.ts";
import { isContainerError } from "../../src/errors.ts";
import { type PluginLoader, Registry } from "../../src/registry.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";
import { RuntimePool } from "../../src/runtime-pool.ts";
import { fakePlugin, FakeRuntime } from "./fake-runtime.ts";

const opened = () => Promise.resolve();

describe("RuntimePool", () => {
  it("forShim() loads and opens a plugin once, on first use", async () => {
    const runtime = new FakeRuntime();
    let [loads, opens] = [0, 0];
    const plugin: RuntimePlugin = {
      id: "lazy",
      open: () => {
        opens++;
        return Promise.resolve(runtime);
      },
    };
    const pool = new RuntimePool(
      new Registry({
        "io.a.b": () => {
          loads++;
          return Promise.resolve({ default: plugin });
        },
      }),
      opened,
    );
    assert.deepEqual([loads, opens, pool.current.length], [0, 0, 0]);
    const both = await Promise.all([
      pool.forShim("io.a.b", undefined),
      pool.forShim("io.a.b", undefined),
    ]);
    assert.deepEqual(both, [runtime, runtime]);
    assert.equal(await pool.forShim("io.a.b", undefined), runtime);
    assert.deepEqual([loads, opens], [1, 1]);
    assert.deepEqual(pool.current, [runtime]);
  });

  it("forShim() opens one runtime for several names of the same plugin", async () => {
    const plugin = fakePlugin(new FakeRuntime());
    const pool = new RuntimePool(new Registry({ "io.a.b": plugin, "io.c.d": plugin }), opened);
    const [a, c] = [
      await pool.forShim("io.a.b", undefined),
      await pool.forShim("io.c.d", undefined),
    ];
    assert.equal(a, c);
    assert.equal(pool.current.length, 1);
  });

  it("forShim() refuses a module that gives no plugin, by name", async () => {
    for (const module of [undefined, {}, { default: {} }, { default: { open: 5 } }, 3]) {
      const source = (() => Promise.resolve(module)) as PluginLoader;
      const pool = new RuntimePool(new Registry({ "io.a.b": source }), opened);
      await rejectsWith(pool.forShim("io.a.b", undefined), "invalid_argument", { field: "plugin" });
    }
    const pool = new RuntimePool(new Registry({ "io.a.b": "./x.ts" as never }), opened);
    await rejectsWith(pool.forShim("io.a.b", undefined), "invalid_argument", { field: "plugin" });
  });

  it("forShim() forgets a failure of the loading and of the opening", async () => {
    const runtime = new FakeRuntime();
    const problems = ["not loaded", "not open"];
    const failing = (name: string) => problems[0] === name && problems.shift() !== undefined;
    const plugin: RuntimePlugin = {
      id: "shaky",
      open: () =>
        failing("not open") ? Promise.reject(new Error("not open")) : Promise.resolve(runtime),
    };
    const load = () =>
      failing("not loaded")
        ? Promise.reject(new Error("not loaded"))
        : Promise.resolve({ default: plugin });
    const pool = new RuntimePool(new Registry({ "io.a.b": load }), opened);
    await assert.rejects(pool.forShim("io.a.b", undefined), /not loaded/);
    await assert.rejects(pool.forShim("io.a.b", undefined), /not open/);
    assert.equal(await pool.forShim("io.a.b", undefined), runtime);
  });

  it("forShim() closes a runtime again that its only caller gave up while it was subscribed to", async () => {
    const runtime = new FakeRuntime();
    const [subscribing, subscribed] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const pool = new RuntimePool(new Registry({ "io.a.b": fakePlugin(runtime) }), () => {
      subscribing.resolve();
      return subscribed.promise;
    });
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const call = pool.forShim("io.a.b", controller.signal);
    await subscribing.promise;
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    subscribed.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(runtime.isDisposed);
    assert.deepEqual(pool.current, []);
  });

  it("forShim() closes a runtime again that could not be subscribed to", async () => {
    const runtime = new FakeRuntime();
    let isLucky = false;
    const pool = new RuntimePool(
      new Registry({ "io.a.b": fakePlugin(runtime) }),
      () => isLucky ? Promise.resolve() : Promise.reject(new Error("no events")),
    );
    await assert.rejects(pool.forShim("io.a.b", undefined), /no events/);
    assert.ok(runtime.isDisposed);
    assert.deepEqual(pool.current, []);
    isLucky = true;
    assert.equal(await pool.forShim("io.a.b", undefined), runtime);
  });

  it("forShim() gives a plugin a signal that aborts with its last caller", async () => {
    let given: AbortSignal | undefined;
    const pool = new RuntimePool(
      new Registry({
        "io.a.b": {
          id: "slow",
          open: (options) => {
            given = options?.signal;
            return new Promise((_, reject) => {
              given?.addEventListener("abort", () => reject(given?.reason), { once: true });
            });
          },
        },
      }),
      opened,
    );
    const abort = new AbortController();
    const reason = new Error("no patience");
    const open = pool.forShim("io.a.b", abort.signal);
    abort.abort(reason);
    await assert.rejects(open, (error) => error === reason);
    assert.equal(given?.aborted, true);
  });

  it("default() takes the fallback, else the only entry, else says unimplemented", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    const [one, two] = [fakePlugin(a), fakePlugin(b)];
    const fallback = new RuntimePool(new Registry({ "io.a.b": one }, { fallback: two }), opened);
    assert.equal(await fallback.default(undefined), b);
    const only = new RuntimePool(new Registry({ "io.a.b": one }), opened);
    assert.equal(await only.default(undefined), a);
    for (const registry of [new Registry(), new Registry({ "io.a.b": one, "io.c.d": two })]) {
      const pool = new RuntimePool(registry, opened);
      const call = async () => await pool.default(undefined);
      await assert.rejects(call, (error: unknown) => isContainerError(error, "unimplemented"));
    }
  });

  it("searchable() gives what is open and opens the default, nothing else", async () => {
    const [a, b, c] = [new FakeRuntime(), new FakeRuntime(), new FakeRuntime()];
    const registry = new Registry({ "io.a.b": fakePlugin(a), "io.c.d": fakePlugin(b) }, {
      fallback: fakePlugin(c),
    });
    const pool = new RuntimePool(registry, opened);
    assert.deepEqual(await pool.searchable(undefined), [c]);
    await pool.forShim("io.a.b", undefined);
    assert.deepEqual(new Set(await pool.searchable(undefined)), new Set([a, c]));
  });

  it("dispose closes what is open and what is being opened, and refuses later calls", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    const opening = Promise.withResolvers<FakeRuntime>();
    const pool = new RuntimePool(
      new Registry({
        "io.a.b": fakePlugin(a),
        "io.c.d": { id: "slow", open: () => opening.promise },
      }),
      opened,
    );
    await pool.forShim("io.a.b", undefined);
    const late = pool.forShim("io.c.d", undefined);
    late.catch(() => {});
    const disposed = pool[Symbol.asyncDispose]();
    opening.resolve(b);
    await disposed;
    assert.ok(a.isDisposed && b.isDisposed);
    const call = async () => await pool.forShim("io.a.b", undefined);
    await assert.rejects(call, (error: unknown) => isContainerError(error, "unavailable"));
  });
});
