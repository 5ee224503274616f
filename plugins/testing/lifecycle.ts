import assert from "node:assert/strict";
import { assertExited, rejectsWith } from "./assertions.ts";
import type { Bench } from "./bench.ts";

/** The first process: started, waited for, removed. */
export function lifecycleContract(bench: Bench): void {
  const { options } = bench;
  const run = { does: "run" } as const;

  bench.it("start() gives a handle with a pid; the state is running", async () => {
    await bench.withContainer(run, async (id) => {
      const task = await bench.client.start(id);
      assert.equal(task.id, "init");
      assert.equal(task.containerId, id);
      assert.ok(task.pid > 0);
      assert.deepEqual(await bench.client.status(id), { state: "running", pid: task.pid });
      assert.deepEqual(task.stdio, { stdin: null, stdout: null, stderr: null });
    });
  });

  bench.it("start() refuses a container that has a task with already_exists", async () => {
    await bench.withRunning(run, async (id) => {
      await rejectsWith(bench.client.start(id), "already_exists", { containerId: id });
      assert.equal((await bench.client.status(id)).state, "running");
    });
  });

  bench.it(
    "start() of a missing program rejects with exit code 127 and leaves no task",
    async () => {
      await bench.withContainer({ does: "not-exist" }, async (id) => {
        const error = await rejectsWith(bench.client.start(id), "invalid_argument", {
          containerId: id,
        });
        assert.equal(error.exitCode, 127);
        await rejectsWith(bench.client.status(id), "failed_precondition");
        await bench.client.delete(id);
      });
    },
  );

  bench.it("wait() gives the code and the time, to everyone and any number of times", async () => {
    for (const code of [0, 1, 7, 255]) {
      await bench.withContainer({ does: "exit", code }, async (id) => {
        const startedAt = Date.now();
        const task = await bench.client.start(id);
        const waits = [task.wait(), task.exited, bench.client.wait(id), bench.client.wait(id)];
        const [first, ...others] = await Promise.all(waits);
        assert.ok(first);
        const status = assertExited(first, code);
        assert.equal(status.truncated, false);
        assert.notEqual(status.oomKilled, true);
        assert.ok(status.exitedAt.getTime() >= startedAt - 1);
        for (const other of others) assert.deepEqual(other, first);
        assert.deepEqual(await bench.client.wait(id), first);
        const { state, code: told, exitedAt } = await bench.client.status(id);
        assert.deepEqual({ state, code: told, exitedAt }, {
          state: "stopped",
          code,
          exitedAt: status.exitedAt,
        });
        assert.deepEqual(await bench.client.deleteTask(id), first);
        assert.deepEqual(await task.wait(), first);
      });
    }
  });

  bench.it("wait() ends with the reason of an abort, and the next wait still works", async () => {
    await bench.withRunning(run, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      const task = await container.task();
      const abort = new AbortController();
      const { signal } = abort;
      const waits = [bench.client.wait(id, "init", { signal }), task.wait({ signal })];
      const reasons = waits.map((wait) => wait.then(() => undefined, (error: unknown) => error));
      await task.status(); // by now both are under way
      const reason = new Error("enough");
      abort.abort(reason);
      for (const found of await Promise.all(reasons)) assert.equal(found, reason);
      const next = bench.client.wait(id);
      await bench.client.signalProcess(id, "init", "KILL");
      assertExited(await next, 137);
    });
  });

  bench.it(
    "deleteTask() refuses a running task; force kills it and tells how it ended",
    async () => {
      await bench.withRunning(run, async (id) => {
        await rejectsWith(bench.client.deleteTask(id), "failed_precondition", { containerId: id });
        assert.equal((await bench.client.status(id)).state, "running");
        assertExited(await bench.client.deleteTask(id, { force: true }), 137);
        await rejectsWith(bench.client.deleteTask(id), "failed_precondition", { containerId: id });
      });
    },
  );

  bench.it("start() works again after deleteTask(), with a new pid", async () => {
    await bench.withContainer(run, async (id) => {
      const first = await bench.client.start(id);
      await bench.client.deleteTask(id, { force: true });
      const second = await bench.client.start(id);
      assert.notEqual(second.pid, first.pid);
      assert.deepEqual(await bench.client.status(id), { state: "running", pid: second.pid });
      assertExited(await first.wait(), 137);
    });
  });

  bench.it("run() gives the status and removes the container", async () => {
    const id = bench.newId();
    const spec = options.spec({ does: "exit", code: 5 });
    assertExited(await bench.client.run(id, spec, options.shim), 5);
    await rejectsWith(bench.client.status(id), "not_found");
  });

  bench.it("run() that is aborted kills and removes the container", async () => {
    const id = bench.newId();
    const reason = new Error("stop it");
    await bench.withClient(async (client) => {
      await bench.withEvents(async (events) => {
        const abort = new AbortController();
        const run = client.run(id, options.spec({ does: "run" }), options.shim, {
          signal: abort.signal,
        });
        await events.untilType(id, "start");
        abort.abort(reason);
        await assert.rejects(run, (error) => error === reason);
      });
    });
    await rejectsWith(bench.client.restore(id), "not_found", { containerId: id });
  });

  bench.it("newTask() makes a task that does not run until start()", async () => {
    await bench.withContainer({ does: "exit", code: 4 }, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      const task = await container.newTask();
      assert.equal((await task.status()).state, "created");
      await rejectsWith(container.newTask(), "already_exists", { containerId: id });
      await rejectsWith(container.delete(), "failed_precondition", { containerId: id });
      await task.start();
      assertExited(await task.wait(), 4);
      assertExited(await task.delete(), 4);
      await rejectsWith(container.task(), "not_found", { containerId: id });
    });
  });

  bench.it("delete() of a task that was never started leaves nothing", async () => {
    await bench.withContainer(run, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      const task = await container.newTask();
      await task.delete();
      await rejectsWith(container.task(), "not_found", { containerId: id });
      await container.delete();
    });
  });

  bench.it("dispose of a client leaves its containers running", async () => {
    const id = bench.newId();
    try {
      await bench.withClient(async (client) => {
        await client.create(id, options.spec(run), options.shim);
        await client.start(id);
      });
      assert.equal((await bench.client.status(id)).state, "running");
    } finally {
      await bench.remove(id);
    }
  });

  bench.it("a disposed client refuses every call with unavailable", async () => {
    await bench.withContainer(run, async (id) => {
      const client = await bench.options.open();
      await client.start(id);
      const wait = client.wait(id).then(() => undefined, (error: unknown) => error);
      await client[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      const error = await wait;
      await rejectsWith(Promise.reject(error), "unavailable");
      await rejectsWith(() => client.version(), "unavailable");
      await rejectsWith(() => client.status(id), "unavailable");
    });
  });
}
