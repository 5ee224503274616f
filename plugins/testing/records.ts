import assert from "node:assert/strict";
import type { Bench } from "./bench.ts";
import { eachRejectsWith, rejectsWith } from "./assertions.ts";
import { type Calls, recordCalls, taskCalls } from "./calls.ts";
import { missingCalls, skipReason } from "./capabilities.ts";

/** The record of a container: made, found, listed, removed. */
export function recordContract(bench: Bench): void {
  const { options } = bench;
  const { update = true, listContainers = true } = options.capabilities;
  const exit = { does: "exit", code: 0 } as const;

  const listed = async () => {
    const labels = new Map<string, string | undefined>();
    for await (const { id, labels: { n } } of bench.client.listContainers()) labels.set(id, n);
    return labels;
  };

  bench.it("describe() names the runtime and the reason", () => {
    const { runtime, reason } = bench.client.describe();
    assert.notEqual(runtime, "");
    assert.notEqual(reason, "");
  });

  bench.it("version() tells the same for the shim and for the default runtime", async () => {
    const version = await bench.client.version();
    assert.match(version.version, /\d/);
    assert.equal(typeof version.revision, "string");
    assert.deepEqual(await bench.client.version(options.shim), version);
  });

  bench.it("create() makes a record that the runtime gives back, and runs nothing", async () => {
    const id = bench.newId();
    const spec = options.spec(exit);
    const before = Date.now();
    const container = await bench.client.create(id, spec, options.shim, {
      labels: { tier: "front" },
      image: "example.com/web:1",
    });
    try {
      assert.equal(container.id, id);
      const info = await container.info();
      assert.equal(info.id, id);
      assert.equal(info.shim, options.shim);
      assert.equal(info.image, "example.com/web:1");
      assert.equal(info.labels["tier"], "front");
      assert.deepEqual(info.spec.process?.args, spec.process?.args);
      assert.ok(Math.abs(info.createdAt.getTime() - before) < 60_000);
      const found = await (await bench.client.runtime()).loadContainer(id);
      assert.deepEqual(await found.info(), info);
      await rejectsWith(container.task(), "not_found", { containerId: id });
      await rejectsWith(bench.client.status(id), "failed_precondition", { containerId: id });
    } finally {
      await bench.remove(id);
    }
  });

  bench.it("create() refuses an id that is in use with conflict", async () => {
    await bench.withContainer(exit, async (id) => {
      const again = bench.client.create(id, options.spec(exit), options.shim);
      await rejectsWith(again, "conflict", { containerId: id });
    });
  });

  bench.it(
    "create() with replace removes the container that has the id, though it runs",
    async () => {
      await bench.withRunning({ does: "run" }, async (id) => {
        const spec = options.spec({ does: "exit", code: 3 });
        await bench.client.create(id, spec, options.shim, { replace: true, labels: { v: "2" } });
        await rejectsWith(bench.client.status(id), "failed_precondition");
        await bench.client.start(id);
        const status = await bench.client.wait(id);
        assert.equal(status.state === "exited" && status.code, 3);
      });
    },
  );

  bench.it("create() refuses a bad id, a bad label and a spec without a command", async () => {
    const spec = options.spec(exit);
    const { client } = bench;
    for (const id of ["", "../outside", "a b", "-a", "a".repeat(77)]) {
      await rejectsWith(client.create(id, spec, options.shim), "invalid_argument", {
        field: "containerId",
      });
    }
    const id = bench.newId();
    const labels = { key: "x".repeat(5000) };
    await rejectsWith(client.create(id, spec, options.shim, { labels }), "invalid_argument", {
      field: 'labels["key"]',
    });
    const bare = { ...spec, process: { ...spec.process, cwd: "/", args: [] } };
    await rejectsWith(client.create(id, bare, options.shim), "invalid_argument");
    await rejectsWith((await client.runtime()).loadContainer(id), "not_found");
  });

  bench.it("create() refuses a name that cannot be a shim's", async () => {
    for (const shim of ["", "runc", "a/b.c", "io.containerd.runc.v2/"]) {
      const call = () => bench.client.create(bench.newId(), options.spec(exit), shim);
      await rejectsWith(call, "invalid_argument", { field: "shim" });
    }
  });

  bench.it("update() merges labels, and null removes one", async () => {
    const labels = { keep: "1", change: "1", drop: "1" };
    await bench.withContainer(exit, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      if (update === false) return assert.equal(container.update, undefined);
      const info = await container.update?.({ labels: { change: "2", drop: null, add: "1" } });
      assert.deepEqual({ ...info?.labels }, { keep: "1", change: "2", add: "1" });
      assert.deepEqual((await container.info()).labels, info?.labels);
    }, { labels });
  }, { skip: skipReason(update) });

  bench.it("listContainers() gives the record of every container", async () => {
    await bench.withContainer(exit, async (one) => {
      await bench.withContainer(exit, async (two) => {
        if (listContainers === false) return void await rejectsWith(listed, "unimplemented");
        const found = await listed();
        assert.equal(found.get(one), "one");
        assert.equal(found.get(two), "two");
      }, { labels: { n: "two" } });
    }, { labels: { n: "one" } });
  }, { skip: skipReason(listContainers) });

  bench.it("delete() removes the record; then the id is not found, and free", async () => {
    await bench.withContainer(exit, async (id) => {
      await bench.client.delete(id);
      await rejectsWith(bench.client.delete(id), "not_found", { containerId: id });
      await rejectsWith(bench.client.start(id), "not_found", { containerId: id });
      if (listContainers === true) assert.ok(!(await listed()).has(id));
      await bench.client.create(id, options.spec(exit), options.shim);
    });
  });

  bench.it("delete() refuses a container with a task; force removes both", async () => {
    await bench.withRunning({ does: "run" }, async (id) => {
      await rejectsWith(bench.client.delete(id), "failed_precondition", { containerId: id });
      assert.equal((await bench.client.status(id)).state, "running");
      await bench.client.delete(id, { force: true });
      await rejectsWith(bench.client.status(id), "not_found", { containerId: id });
    });
  });

  bench.it("every call that takes an id says not_found for one that nobody has", async () => {
    const id = bench.newId();
    const calls = recordCalls(bench.client, id, { process: options.process(exit) });
    await eachRejectsWith(calls, "not_found", { containerId: id });
  });

  bench.it(
    "every call that needs a task says failed_precondition for a container without one",
    async () => {
      await bench.withContainer(exit, async (id) => {
        const calls = taskCalls(bench.client, id, { process: options.process(exit) });
        await eachRejectsWith(calls, "failed_precondition", { containerId: id });
      });
    },
  );

  bench.it("every call that takes an id refuses one that cannot be", async () => {
    const calls = recordCalls(bench.client, "../outside", { process: options.process(exit) });
    await eachRejectsWith(calls, "invalid_argument", { field: "containerId" });
  });

  bench.it("every call rejects with the reason of a signal that has aborted before", async () => {
    const { client } = bench;
    const reason = new Error("no longer wanted");
    const signal = AbortSignal.abort(reason);
    const process = options.process(exit);
    await bench.withRunning({ does: "run" }, async (id) => {
      const calls: Calls = {
        ...recordCalls(client, id, { process, signal }),
        version: () => client.version(undefined, { signal }),
        create: () => client.create(bench.newId(), options.spec(exit), options.shim, { signal }),
        "deleteTask with force": () => client.deleteTask(id, { signal, force: true }),
        "delete with force": () => client.delete(id, { signal, force: true }),
        events: () => client.events({ signal }).ready,
      };
      const missing = missingCalls(options.capabilities);
      for (const [name, call] of Object.entries(calls)) {
        if (missing.includes(name)) await rejectsWith(call, "unimplemented", { containerId: id });
        else await assert.rejects(call, (error) => error === reason, name);
      }
      assert.equal((await client.status(id)).state, "running");
    });
  });
}
