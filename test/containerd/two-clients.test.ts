import assert from "node:assert/strict";
import { inspect } from "node:util";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";

const sleep = ["sleep", "600"];

describe("containers that another client has made again", () => {
  let bed: Bed;
  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("start() and exec() by id work on the one that is there now", async () => {
    const id = bed.newId();
    await bed.withClient(async (other) => {
      try {
        await bed.client.create(id, commandSpec(sleep), SHIM);
        const first = await bed.client.start(id);
        const lost = await bed.client.exec(id, "shell", commandProcess(sleep));
        await other.delete(id, { force: true });
        await other.create(id, commandSpec("exit 5"), SHIM);
        assert.equal((await first.wait()).state, "exited");
        await lost.wait();

        const second = await bed.client.start(id);
        assert.notEqual(second.pid, first.pid);
        assertExited(await second.wait(), 5);
        assertExited(await bed.client.wait(id), 5);
        await rejectsWith(bed.client.wait(id, "shell"), "not_found");

        await other.delete(id, { force: true });
        await other.create(id, commandSpec(sleep), SHIM);
        const { pid } = await other.start(id);
        const more = await bed.client.exec(id, "shell", commandProcess("exit 3"));
        assertExited(await more.wait(), 3);
        assert.deepEqual(await bed.client.status(id), { state: "running", pid });
      } finally {
        await bed.remove(id);
      }
    });
  });

  it("wait() and exec() do not take the task of the one that is gone for one that is not started", async () => {
    const id = bed.newId();
    await bed.withClient(async (other) => {
      try {
        await bed.client.create(id, commandSpec("exit 4"), SHIM);
        const first = await bed.client.start(id);
        assertExited(await first.wait(), 4);
        await other.deleteTask(id);
        assertExited(await bed.client.wait(id), 4);
        await other.delete(id);
        await rejectsWith(bed.client.wait(id), "not_found");
        await other.create(id, commandSpec("exit 6"), SHIM);
        await bed.client.start(id).then((task) => task.wait());
        await other.delete(id, { force: true });
        await other.create(id, commandSpec(sleep), SHIM);
        await rejectsWith(bed.client.wait(id), "failed_precondition");
        await rejectsWith(
          bed.client.exec(id, "shell", commandProcess("true")),
          "failed_precondition",
        );
      } finally {
        await bed.remove(id);
      }
    });
  });

  it("start() uses the streams, the terminal and the root of the one that is there now", async () => {
    const id = bed.newId();
    await bed.withClient(async (other) => {
      try {
        await bed.client.create(id, commandSpec("true"), SHIM);
        await other.delete(id);
        await other.create(id, commandSpec("tty && exit 4", { terminal: true }), SHIM);
        const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
        const output = await new Response(task.stdio.stdout).text();
        assert.match(output, /^\/dev\/(console|pts\/\d+)/);
        assertExited(await task.wait(), 4);
      } finally {
        await bed.remove(id);
      }
    });
  });

  it("status() and wait() do not answer with the end of a process of the one that is gone", async () => {
    const id = bed.newId();
    await bed.withClient(async (other) => {
      try {
        await bed.client.create(id, commandSpec(sleep), SHIM);
        const first = await bed.client.start(id);
        assertExited(
          await (await bed.client.exec(id, "shell", commandProcess("exit 3"))).wait(),
          3,
        );
        assert.equal((await bed.client.status(id, "shell")).code, 3);
        await other.delete(id, { force: true });
        await first.wait();
        await other.create(id, commandSpec(sleep), SHIM);
        await other.start(id);
        const { pid } = await other.exec(id, "shell", commandProcess(sleep));
        assert.deepEqual(await bed.client.status(id, "shell"), { state: "running", pid });
        const waiting = bed.client.wait(id, "shell");
        await other.signalProcess(id, "shell", "KILL");
        assertExited(await waiting, 137);
      } finally {
        await bed.remove(id);
      }
    });
  });
});

describe("a process that has ended and whose record is gone", () => {
  let bed: Bed;
  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("status() is stopped with its code, by its id and by its handle", () =>
    bed.withRunning(sleep, async (id) => {
      const process = await bed.client.exec(id, "shell", commandProcess("exit 6"));
      const { pid } = process;
      const { exitedAt } = assertExited(await process.wait(), 6);
      const stopped = { state: "stopped", pid, code: 6, exitedAt };
      // The record is gone when another process may have its id.
      const second = await bed.client.exec(id, "shell", commandProcess(sleep));
      assert.deepEqual(await process.status(), stopped);
      assert.equal((await bed.client.status(id, "shell")).state, "running");
      await second.kill("KILL");
      assertExited(await second.wait(), 137);
      assert.equal((await bed.client.status(id, "shell")).code, 137);
      assert.equal((await bed.client.wait(id, "shell", {})).state, "exited");
    }));

  it("console.log shows containers, tasks and processes by what they are", () =>
    bed.withRunning(sleep, async (id) => {
      const runtime = await bed.client.runtime();
      const container = await runtime.loadContainer(id);
      const task = await container.task();
      const process = await bed.client.exec(id, "shell", commandProcess(sleep));
      assert.equal(inspect(container), `Container { id: "${id}", runtime: "${SHIM}" }`);
      assert.equal(inspect(task), `Task { containerId: "${id}", pid: ${task.pid} }`);
      assert.equal(
        inspect(process),
        `Process { containerId: "${id}", id: "shell", pid: ${process.pid} }`,
      );
      const { namespace } = bed.daemon;
      assert.equal(inspect(runtime), `Runtime { id: "containerd", namespace: "${namespace}" }`);
    }));
});
