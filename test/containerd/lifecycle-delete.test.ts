import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { isRunning } from "../helpers/processes.ts";
import { Bed, commandProcess, commandSpec, connectTo, SHIM } from "./bed.ts";
import { eventually } from "../helpers/eventually.ts";

describe("delete on containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("C16 delete() of a container with a running task says failed_precondition", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      await rejectsWith(bed.client.delete(id), "failed_precondition", { containerId: id });
      assert.equal((await bed.client.status(id)).state, "running");
      await bed.client.signalProcess(id, "init", "KILL");
      await bed.client.wait(id);
      // Ended, but still there.
      await rejectsWith(bed.client.delete(id), "failed_precondition", { containerId: id });
      await bed.client.deleteTask(id);
      await bed.client.delete(id);
    });
  });

  it("create() with remove is undone when its client is disposed, and nothing else is", async () => {
    const owner = connectTo(bed.daemon);
    const spec = commandSpec(["sleep", "3600"]);
    await bed.withRunning(["sleep", "3600"], async (kept) => {
      await owner.create("owned-made", spec, SHIM, { remove: true });
      await owner.create("owned-running", spec, SHIM, { remove: true });
      const { pid } = await owner.start("owned-running", { stdio: { stdout: "piped" } });
      await owner[Symbol.asyncDispose]();
      assert.ok(!isRunning(pid));
      const ids = [];
      for await (const { id } of bed.client.listContainers()) ids.push(id);
      assert.deepEqual(ids, [kept]);
      assert.equal((await bed.client.status(kept)).state, "running");
    });
  });

  it("C17 deleteTask() fails while it runs; with force it needs no kill before", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      const { pid } = await bed.client.start(id);
      await rejectsWith(bed.client.deleteTask(id), "failed_precondition");
      assertExited(await bed.client.deleteTask(id, { force: true }), 137);
      assert.ok(!isRunning(pid));
      await bed.client.delete(id);
    });
  });

  it("C17 delete() of a process fails while it runs; with force it needs no kill before", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const task = await container.task();
      const exec = await task.exec("worker", commandProcess(["sleep", "3600"]));
      await exec.start();
      await rejectsWith(exec.delete(), "failed_precondition", { processId: "worker" });
      assertExited(await exec.delete({ force: true }), 137);
      await rejectsWith(task.loadProcess("worker"), "not_found");
    });
  });

  it("C18 delete() with force removes a paused container", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      const { pid } = await bed.client.start(id);
      await bed.client.pause(id);
      await rejectsWith(bed.client.deleteTask(id), "failed_precondition");
      await bed.client.delete(id, { force: true });
      assert.ok(!isRunning(pid));
      await rejectsWith(bed.client.status(id), "not_found");
    });
  });

  it("C18 delete() with force removes a paused container with a paused process", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const exec = await bed.client.exec(id, "worker", commandProcess(["sleep", "3600"]));
      await bed.client.pause(id);
      await bed.client.delete(id, { force: true });
      assertExited(await exec.wait(), 137);
    });
  });

  it("C18 delete() with force removes a container of the host's pids whose init is gone", async () => {
    const script = "sleep 3600 & echo ready; wait";
    const spec = commandSpec(script, { namespaces: { pid: "host" } });
    await bed.withContainer(spec, async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
      const reader = task.stdio.stdout.getReader();
      await reader.read();
      const pids = await bed.client.listPids(id);
      assert.equal(pids.length, 2);
      process.kill(task.pid, "SIGKILL");
      assertExited(await task.wait(), 137);
      await bed.client.delete(id, { force: true });
      await eventually("the end of the child", () => !pids.some((pid) => isRunning(pid)));
    });
  });

  it("C18 delete() with force removes a task that another client made and never started", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      await bed.withClient(async (other) => {
        const container = await (await other.runtime()).loadContainer(id);
        await container.newTask();
      });
      await bed.client.delete(id, { force: true });
      await rejectsWith(bed.client.restore(id), "not_found");
    });
  });

  it("C19 run() removes its container although the daemon was killed in between", async () => {
    const id = bed.newId();
    const events = bed.client.events();
    await events.ready;
    const started = untilStarted(events, id);
    const run = bed.client.run(id, commandSpec(["sleep", "3600"]), SHIM);
    run.catch(() => {}); // awaited below
    await started;
    const { pid } = await bed.client.status(id);
    await bed.daemon.restart("SIGKILL");
    assert.ok(isRunning(pid));
    process.kill(pid, "SIGKILL");
    assertExited(await run, 137);
    const left: string[] = [];
    for await (const { id } of bed.client.listContainers()) left.push(id);
    assert.ok(!left.includes(id));
    await rejectsWith(bed.client.restore(id), "not_found");
    assert.doesNotMatch(await bed.daemon.ctr("tasks", "list"), new RegExp(`^${id}\\b`, "m"));
  });
});

async function untilStarted(
  events: AsyncIterable<{ readonly type: string; readonly containerId?: string }>,
  id: string,
): Promise<void> {
  for await (const event of events) {
    if (event.type === "start" && event.containerId === id) return;
  }
}
