import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ContainerError } from "../../src/errors.ts";
import { holdAt, makeClient, process, shim, withCode } from "./fake-client.ts";
import { exited, spec } from "./fake-runtime.ts";

describe("Client", () => {
  it("start() that fails deletes the task, before it rejects", async () => {
    const { runtime, client } = makeClient();
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
    const { runtime, client } = makeClient();
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
    const { runtime, client } = makeClient();
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
    const { client, taskOf } = makeClient();
    await client.create("web", { ...spec, process: { ...process, terminal: true } }, shim);
    await client.start("web", { stdio: ({ stderr }) => assert.equal(stderr, null) });
    const { stdio } = taskOf("web").options;
    assert.deepEqual(stdio, { stdin: "piped", stdout: "piped", stderr: "null" });
  });

  it("start() that is aborted during the callback rejects at once and deletes the task", async () => {
    const { runtime, client } = makeClient();
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
    const { runtime, client, taskOf } = makeClient();
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
    const { runtime, client, taskOf } = makeClient();
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
    const { runtime, client } = makeClient();
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
    const { runtime, client, taskOf } = makeClient();
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
      const { runtime, client } = makeClient();
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
    const { runtime, client, taskOf } = makeClient();
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

  it("run() that is aborted during the removal tells onError of the stream that failed", async () => {
    const errors: unknown[] = [];
    const { runtime, client, taskOf } = makeClient({ onError: (error) => errors.push(error) });
    const lost = new ContainerError("data_loss", "Cannot write output of it: full");
    const late = new ContainerError("data_loss", "Cannot write errors of it: full");
    const hold = holdAt(runtime, "delete-container web");
    const { hook } = runtime;
    runtime.hook = async (call) => {
      if (call === "start web") {
        taskOf("web").options.onStreamError?.(lost);
        queueMicrotask(() => taskOf("web").end(exited(0)));
      }
      if (call === "delete-force web") taskOf("web").options.onStreamError?.(late);
      await hook(call);
    };
    const abort = new AbortController();
    const reason = new Error("never mind");
    const run = client.run("web", spec, shim, { signal: abort.signal });
    await hold.arrived;
    abort.abort(reason);
    await assert.rejects(run, (error) => error === reason);
    assert.deepEqual(errors, [late, lost]);
    hold.release();
    await client[Symbol.asyncDispose]();
  });

  it("run() that is aborted tells onError of a stream that fails during the removal", async () => {
    const errors: unknown[] = [];
    const { runtime, client, taskOf } = makeClient({ onError: (error) => errors.push(error) });
    const lost = new ContainerError("data_loss", "Cannot write output of it: full");
    const abort = new AbortController();
    const reason = new Error("never mind");
    const hold = holdAt(runtime, "delete-force web");
    const { hook } = runtime;
    runtime.hook = async (call) => {
      if (call === "start web") abort.abort(reason);
      await hook(call);
    };
    const run = client.run("web", spec, shim, { signal: abort.signal });
    await assert.rejects(run, (error) => error === reason);
    taskOf("web").options.onStreamError?.(lost);
    hold.release();
    await client[Symbol.asyncDispose]();
    assert.deepEqual(errors, [lost]);
  });

  it("what cannot be undone is told to onError, and the first problem is the one thrown", async () => {
    const errors: unknown[] = [];
    const { runtime, client } = makeClient({ onError: (error) => errors.push(error) });
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
    const { runtime, client, taskOf } = makeClient();
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
});
