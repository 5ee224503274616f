import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { Registry } from "../../src/registry.ts";
import { makeClient, shim, withCode } from "./fake-client.ts";
import { fakePlugin, FakeRuntime, spec } from "./fake-runtime.ts";

describe("Client", () => {
  it("describe() names what the registry has, or what it was told", () => {
    const plugin = fakePlugin(new FakeRuntime());
    const { reason } = new Client(new Registry({ "io.a.b": plugin })).describe();
    assert.equal(reason, "given");
    assert.equal(new Client(new Registry({ "io.a.b": plugin })).describe().runtime, "io.a.b");
    const description = { runtime: "x", reason: "asked for" };
    assert.equal(new Client(new Registry(), { description }).describe(), description);
  });

  it("opens nothing before the first call, and one runtime for many at a time", async () => {
    let opens = 0;
    const runtime = new FakeRuntime();
    const fallback = {
      id: "counted",
      open: () => {
        opens++;
        return Promise.resolve(runtime);
      },
    };
    const client = new Client(new Registry({}, { fallback }));
    client.describe();
    assert.equal(opens, 0);
    await Promise.all([client.version(), client.version(), client.create("web", spec, shim)]);
    assert.equal(opens, 1);
  });

  it("create() says unimplemented for a shim that no runtime serves", async () => {
    const client = new Client(new Registry({ "io.a.b": fakePlugin(new FakeRuntime()) }));
    await assert.rejects(client.create("web", spec, shim), withCode("unimplemented"));
  });

  it("create() goes to the runtime of its shim, and later calls go there by the id alone", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    const client = new Client(new Registry({ "io.a.b": fakePlugin(a), "io.c.d": fakePlugin(b) }));
    await client.create("one", spec, "io.a.b");
    await client.create("two", spec, "io.c.d");
    await client.start("two");
    assert.deepEqual(a.calls, ["create one"]);
    assert.deepEqual(b.calls, ["create two", "load two", "new-task two", "start two"]);
  });

  it("capabilities that a task does not have are unimplemented, by name", async () => {
    const { client } = makeClient();
    await client.create("web", spec, shim);
    await client.start("web");
    const calls = {
      pause: () => client.pause("web"),
      resume: () => client.resume("web"),
      stats: () => client.stats("web"),
      listPids: () => client.summary("web"),
      updateResources: () => client.updateResources("web", {}),
      createCheckpoint: () => client.createCheckpoint("web", "/tmp/never"),
    };
    for (const [name, call] of Object.entries(calls)) {
      await assert.rejects(call, (error: unknown) => {
        assert.ok(isContainerError(error, "unimplemented"));
        assert.match(error.message, new RegExp(`${name} of container "web"`));
        return true;
      });
    }
  });

  it("signalProcess() sends the number that a name stands for", async () => {
    const { runtime, client } = makeClient();
    await client.create("web", spec, shim);
    await client.start("web");
    await client.signalProcess("web", "init", "SIGTERM");
    assert.equal(runtime.calls.at(-1), "kill-15 web");
  });

  it("delete() with force deletes the task first, and copes with there being none", async () => {
    const { runtime, client } = makeClient();
    await client.create("web", spec, shim);
    await client.start("web");
    runtime.calls.length = 0;
    await client.delete("web", { force: true });
    assert.deepEqual(runtime.calls, ["load web", "delete-force web", "delete-container web"]);
    await client.create("web", spec, shim);
    await client.delete("web", { force: true });
    assert.equal(runtime.containers.size, 0);
  });

  it("listContainers() goes over every open runtime", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    const client = new Client(
      new Registry({ "io.a.b": fakePlugin(a) }, { fallback: fakePlugin(b) }),
    );
    await client.create("one", spec, "io.a.b");
    await client.create("two", spec, "io.c.d");
    const ids: string[] = [];
    for await (const { id } of client.listContainers()) ids.push(id);
    assert.deepEqual(ids.sort(), ["one", "two"]);
  });

  it("listContainers() is unimplemented where no runtime keeps a list, and leaves out one of several", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    Object.assign(a, { listContainers: undefined });
    const client = new Client(
      new Registry({ "io.a.b": fakePlugin(a) }, { fallback: fakePlugin(b) }),
    );
    const ids = async () => {
      const found: string[] = [];
      for await (const { id } of client.listContainers()) found.push(id);
      return found;
    };
    await client.create("one", spec, "io.a.b");
    await client.create("two", spec, "io.c.d");
    assert.deepEqual(await ids(), ["two"]);
    Object.assign(b, { listContainers: undefined });
    await assert.rejects(ids(), withCode("unimplemented"));
  });

  it("listContainers() is empty where no runtime is open, and there is no default one", async () => {
    const [a, b] = [new FakeRuntime(), new FakeRuntime()];
    Object.assign(a, { listContainers: undefined });
    const client = new Client(new Registry({ "io.a.b": fakePlugin(a), "io.c.d": fakePlugin(b) }));
    const first = () => client.listContainers()[Symbol.asyncIterator]().next();
    assert.equal((await first()).done, true);
    await client.create("one", spec, "io.a.b");
    await assert.rejects(first, withCode("unimplemented"));
  });

  it("dispose refuses later calls with unavailable, twice is once", async () => {
    const { runtime, client } = makeClient();
    await client.version();
    await client[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    assert.ok(runtime.isDisposed);
    await assert.rejects(client.version(), withCode("unavailable"));
    await assert.rejects(client.events().ready, withCode("unavailable"));
  });
});
