import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import { ContainerError, type ErrorCode, isContainerError } from "../../src/errors.ts";
import { Registry } from "../../src/registry.ts";
import { exitOf, startOf } from "./events-fixture.ts";
import { exited, fakePlugin, FakeRuntime, type FakeTask, spec } from "./fake-runtime.ts";

const shim = "io.example.fake.v1";
const process = { cwd: "/", args: ["sh"] };
const withCode = (code: ErrorCode) => (error: unknown) => isContainerError(error, code);

function make(options?: ClientOptions) {
  const runtime = new FakeRuntime();
  const client = new Client(new Registry({}, { fallback: fakePlugin(runtime) }), options);
  const taskOf = (id: string): FakeTask => {
    const task = runtime.containers.get(id)?.current;
    assert.ok(task, `no task of "${id}"`);
    return task;
  };
  return { runtime, client, taskOf };
}

/** Resolves with the next call that a hook sees, which goes on when the test says so. */
function holdAt(runtime: FakeRuntime, wanted: string) {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  runtime.hook = async (call) => {
    if (call !== wanted) return;
    arrived.resolve();
    await gate.promise;
  };
  return { arrived: arrived.promise, release: () => gate.resolve() };
}

describe("Client", () => {
  it("describe() names what the registry has, or what it was told", () => {
    const plugin = fakePlugin(new FakeRuntime());
    const { reason } = new Client(new Registry({ "io.a.b": plugin })).describe();
    assert.equal(reason, "given by the caller");
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

  it("start() that fails deletes the task, before it rejects", async () => {
    const { runtime, client } = make();
    await client.create("web", spec, shim);
    const problem = new ContainerError("internal", 'Cannot start process "init": no');
    runtime.hook = (call) => {
      if (call === "start web") throw problem;
    };
    await assert.rejects(client.start("web"), (error) => error === problem);
    assert.deepEqual(runtime.calls.slice(2), ["new-task web", "start web", "delete-force web"]);
    runtime.hook = () => {};
    await client.start("web");
  });

  it("start() is undone when the stdio callback throws, and the process never runs", async () => {
    const { runtime, client } = make();
    await client.create("web", spec, shim);
    const problem = new Error("no use for them");
    const start = client.start("web", {
      stdio: ({ stdin, stdout, stderr }) => {
        assert.ok(stdin && stdout && stderr);
        throw problem;
      },
    });
    await assert.rejects(start, (error) => error === problem);
    assert.deepEqual(runtime.calls.slice(2), ["new-task web", "delete-force web"]);
  });

  it("start() waits for an asynchronous stdio callback", async () => {
    const { runtime, client } = make();
    await client.create("web", spec, shim);
    const gate = Promise.withResolvers<void>();
    const handed = Promise.withResolvers<void>();
    const start = client.start("web", {
      stdio: async () => {
        handed.resolve();
        await gate.promise;
      },
    });
    await handed.promise;
    assert.ok(!runtime.calls.includes("start web"));
    gate.resolve();
    await start;
    assert.ok(runtime.calls.includes("start web"));
  });

  it("start() with a callback asks for no stderr where there is a terminal", async () => {
    const { client, taskOf } = make();
    await client.create("web", { ...spec, process: { ...process, terminal: true } }, shim);
    await client.start("web", { stdio: ({ stderr }) => assert.equal(stderr, null) });
    const { stdio } = taskOf("web").options;
    assert.deepEqual(stdio, { stdin: "piped", stdout: "piped", stderr: "null" });
  });

  it("start() that is aborted during the callback rejects at once and deletes the task", async () => {
    const { runtime, client } = make();
    await client.create("web", spec, shim);
    const abort = new AbortController();
    const reason = new Error("too slow");
    const start = client.start("web", {
      signal: abort.signal,
      stdio: () => {
        abort.abort(reason);
        return new Promise<void>(() => {});
      },
    });
    await assert.rejects(start, (error) => error === reason);
    await client[Symbol.asyncDispose]();
    assert.ok(runtime.calls.includes("delete-force web"));
    assert.ok(!runtime.calls.includes("start web"));
  });

  it("exec() removes the record of its process when it has ended; wait() still knows the code", async () => {
    const { runtime, client, taskOf } = make();
    await client.create("web", spec, shim);
    await client.start("web");
    const handle = await client.exec("web", "shell", process);
    taskOf("web").processes.get("shell")?.end(exited(4));
    assert.deepEqual(await handle.wait(), exited(4));
    await client.exec("web", "shell", process); // waits for the removal
    assert.ok(runtime.calls.includes("delete-force web/shell"));
    assert.ok(!runtime.calls.includes("load-process web/shell"));
  });

  it("wait() gives the code of a process that ends and is removed while it is looked for", async () => {
    const { runtime, client, taskOf } = make();
    await client.create("web", spec, shim);
    await client.start("web");
    await client.exec("web", "shell", process);
    taskOf("web").processes.get("shell")?.end(exited(5));
    assert.deepEqual(await client.wait("web", "shell"), exited(5));
    runtime.calls.length = 0;
    assert.deepEqual(await client.wait("web", "shell"), exited(5));
    assert.deepEqual(runtime.calls, []);
  });

  it("exec() that fails to start deletes the process, before it rejects", async () => {
    const { runtime, client } = make();
    await client.create("web", spec, shim);
    await client.start("web");
    const problem = new ContainerError("invalid_argument", 'Cannot start process "shell": no');
    runtime.hook = (call) => {
      if (call === "start web/shell") throw problem;
    };
    await assert.rejects(client.exec("web", "shell", process), (error) => error === problem);
    assert.equal(runtime.calls.at(-1), "delete-force web/shell");
    await assert.rejects(client.wait("web", "shell"), withCode("not_found"));
  });

  it("run() deletes task and container when the process ends", async () => {
    const { runtime, client, taskOf } = make();
    runtime.hook = (call) => {
      if (call === "start web") queueMicrotask(() => taskOf("web").end(exited(9)));
    };
    assert.deepEqual(await client.run("web", spec, shim), exited(9));
    assert.deepEqual(runtime.calls, [
      "create web",
      "new-task web",
      "start web",
      "delete-force web",
      "delete-container web",
    ]);
    await assert.rejects(client.start("web"), withCode("not_found"));
  });

  it("run() deletes the container when the task cannot be made, and when it cannot be started", async () => {
    for (const failing of ["new-task web", "start web"]) {
      const { runtime, client } = make();
      const problem = new Error(`cannot ${failing}`);
      runtime.hook = (call) => {
        if (call === failing) throw problem;
      };
      await assert.rejects(client.run("web", spec, shim), (error) => error === problem);
      assert.equal(runtime.containers.size, 0, failing);
      assert.equal(runtime.calls.at(-1), "delete-container web");
    }
  });

  it("run() that is aborted rejects at once; dispose waits until all is removed", async () => {
    const { runtime, client, taskOf } = make();
    const started = Promise.withResolvers<void>();
    runtime.hook = (call) => {
      if (call === "start web") started.resolve();
    };
    const abort = new AbortController();
    const reason = new Error("never mind");
    const run = client.run("web", spec, shim, { signal: abort.signal });
    await started.promise;
    await client.version();
    const task = taskOf("web");
    const hold = holdAt(runtime, "delete-container web");
    abort.abort(reason);
    await assert.rejects(run, (error) => error === reason);
    const disposed = client[Symbol.asyncDispose]();
    await hold.arrived;
    assert.ok(!runtime.isDisposed);
    hold.release();
    await disposed;
    assert.ok(runtime.isDisposed);
    assert.equal(task.state, "stopped");
    assert.equal(runtime.containers.size, 0);
  });

  it("what cannot be undone is told to onError, and the first problem is the one thrown", async () => {
    const errors: unknown[] = [];
    const { runtime, client } = make({ onError: (error) => errors.push(error) });
    const [first, second] = [new Error("cannot start"), new Error("cannot delete")];
    runtime.hook = (call) => {
      if (call === "start web") throw first;
      if (call === "delete-force web") throw second;
    };
    await client.create("web", spec, shim);
    await assert.rejects(client.start("web"), (error) => error === first);
    assert.deepEqual(errors, [second]);
  });

  it("dispose waits for the removal of an ended process", async () => {
    const { runtime, client, taskOf } = make();
    await client.create("web", spec, shim);
    await client.start("web");
    const handle = await client.exec("web", "shell", process);
    const hold = holdAt(runtime, "delete-force web/shell");
    taskOf("web").processes.get("shell")?.end(exited(0));
    await handle.wait();
    await hold.arrived;
    const disposed = client[Symbol.asyncDispose]();
    hold.release();
    await disposed;
    assert.equal(taskOf("web").processes.size, 0);
  });

  it("capabilities that a task does not have are unimplemented, by name", async () => {
    const { client } = make();
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
    const { runtime, client } = make();
    await client.create("web", spec, shim);
    await client.start("web");
    await client.signalProcess("web", "init", "SIGTERM");
    assert.equal(runtime.calls.at(-1), "kill-15 web");
  });

  it("delete() with force deletes the task first, and copes with there being none", async () => {
    const { runtime, client } = make();
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

  it("a backend may dispose the client from a handler, and wait for it", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { runtime, client } = make({
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
    const { runtime, client } = make({
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
    const { runtime, client } = make({
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
    const { runtime, client } = make({ backend: { processEvent: () => {} } });
    runtime.subscriptionProblem = new Error("no events today");
    await assert.rejects(client.version(), /no events today/);
    runtime.subscriptionProblem = undefined;
    assert.equal((await client.version()).version, "1.0");
  });

  it("dispose refuses later calls with unavailable, twice is once", async () => {
    const { runtime, client } = make();
    await client.version();
    await client[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    assert.ok(runtime.isDisposed);
    await assert.rejects(client.version(), withCode("unavailable"));
    await assert.rejects(client.events().ready, withCode("unavailable"));
  });
});
