import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, textOf } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec } from "./bed.ts";

describe("start and wait on containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("C05 start() gives a pid although the process ended at once", async () => {
    for (let round = 0; round < scale(5, 200); round++) {
      await bed.withContainer(commandSpec(["true"]), async (id) => {
        const task = await bed.client.start(id);
        assert.ok(task.pid > 0);
        const exec = bed.client.exec(id, "probe", commandProcess(["true"]));
        // Whether the container still runs by then is a race of its own.
        const handle = await exec.catch(() => undefined);
        if (handle) assert.ok(handle.pid > 0);
        assertExited(await task.wait(), 0);
      });
    }
  });

  it("C06 wait() and status() give an exit time that is later than the start", async () => {
    await bed.withEvents(async (events) => {
      await bed.withRunning("exit 0", async (id) => {
        const { exitedAt } = assertExited(await bed.client.wait(id), 0);
        const start = await events.untilType(id, "start");
        const status = await bed.client.status(id);
        assert.deepEqual(status.exitedAt, exitedAt);
        // The event of the start is stamped when it is sent on, which may be after the end.
        const create = await events.untilType(id, "create");
        assert.ok(exitedAt > create.timestamp);
        assert.ok(exitedAt.getTime() - start.timestamp.getTime() > -5000);
        assert.ok(exitedAt.getTime() <= Date.now());
      });
    });
  });

  it("C07 terminal output has carriage returns and is whole after wait() and deleteTask()", async () => {
    const spec = commandSpec("echo one; echo two", { terminal: true });
    await bed.withContainer(spec, async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
      assertExited(await task.wait(), 0);
      await bed.client.deleteTask(id);
      assert.equal(await textOf(task.stdio.stdout), "one\r\ntwo\r\n");
    });
  });

  it("C07 start() works without an input, with and without a terminal", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
      assert.equal(await textOf(task.stdio.stdout), "");
      assertExited(await task.wait(), 0);
    });
    await bed.withContainer(commandSpec("echo fine", { terminal: true }), async (id) => {
      assertExited(await (await bed.client.start(id)).wait(), 0);
    });
  });

  it("C08 wait() after the end gives the same code, any number of times, until the delete", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      await bed.client.start(id);
      const container = await (await bed.client.runtime()).loadContainer(id);
      const task = await container.task();
      const exec = await task.exec("probe", commandProcess("exit 6"));
      await exec.start();
      for (let i = 0; i < 3; i++) assertExited(await exec.wait(), 6);
      const again = await task.loadProcess("probe");
      for (let i = 0; i < 3; i++) assertExited(await again.wait(), 6);
      assertExited(await exec.delete(), 6);
    });
    await bed.withRunning("exit 7", async (id) => {
      for (let i = 0; i < 3; i++) assertExited(await bed.client.wait(id), 7);
      await bed.withClient(async (other) => {
        for (let i = 0; i < 3; i++) assertExited(await other.wait(id), 7);
      });
      assertExited(await bed.client.deleteTask(id), 7);
    });
  });

  it("C09 wait() rejects with the reason of its signal, and a second wait still works", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const reason = new Error("waited enough");
      const abort = new AbortController();
      const waits = [1, 2].map(() => bed.client.wait(id, "init", { signal: abort.signal }));
      const kept = bed.client.wait(id);
      abort.abort(reason);
      for (const wait of waits) await assert.rejects(wait, (error) => error === reason);
      const late = bed.client.wait(id);
      await bed.client.signalProcess(id, "init", "KILL");
      assertExited(await kept, 137);
      assertExited(await late, 137);
    });
  });
});
