import assert from "node:assert/strict";
import { assertExited, rejectsWith } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import { skipReason } from "./capabilities.ts";

/** What acts on all processes of a container. */
export function controlContract(bench: Bench): void {
  const { options } = bench;
  const { pause, stats: measure, listPids, updateResources } = options.capabilities;
  const run = { does: "run" } as const;

  bench.it("pause() and resume() freeze and thaw, and the state tells", async () => {
    await bench.withRunning(run, async (id) => {
      const { client } = bench;
      if (pause === false) {
        await rejectsWith(client.pause(id), "unimplemented", { containerId: id });
        await rejectsWith(client.resume(id), "unimplemented", { containerId: id });
        return;
      }
      await client.pause(id);
      assert.equal((await client.status(id)).state, "paused");
      await rejectsWith(client.deleteTask(id), "failed_precondition");
      await client.resume(id);
      assert.equal((await client.status(id)).state, "running");
      const handle = await client.exec(id, "after", options.process({ does: "exit", code: 2 }));
      assertExited(await handle.wait(), 2);
    });
  }, { skip: skipReason(pause) });

  if (pause !== false) {
    bench.it("delete() with force removes a paused container", async () => {
      await bench.withRunning(run, async (id) => {
        await bench.client.pause(id);
        assert.equal((await bench.client.status(id)).state, "paused");
        await bench.client.delete(id, { force: true });
        await rejectsWith(bench.client.status(id), "not_found");
      });
    }, { skip: skipReason(pause) });
  }

  bench.it("stats() measures a running container", async () => {
    await bench.withRunning(run, async (id) => {
      if (measure === false) {
        await rejectsWith(bench.client.stats(id), "unimplemented", { containerId: id });
        return;
      }
      const before = Date.now();
      const stats = await bench.client.stats(id);
      assert.ok(["cgroup1", "cgroup2", "windows"].includes(stats.kind));
      assert.ok(Math.abs(stats.readAt.getTime() - before) < 60_000);
      const current = stats.kind === "windows" ? stats.memory?.commitBytes : stats.pids?.current;
      assert.ok(current !== undefined && current > 0n, `${stats.kind}: ${current}`);
    });
  }, { skip: skipReason(measure) });

  bench.it(
    "listPids() and summary() give every process, with the ids of those that were added",
    async () => {
      await bench.withContainer(run, async (id) => {
        const task = await bench.client.start(id);
        if (listPids === false) {
          await rejectsWith(bench.client.listPids(id), "unimplemented", { containerId: id });
          await rejectsWith(bench.client.summary(id), "unimplemented", { containerId: id });
          return;
        }
        assert.deepEqual(await bench.client.listPids(id), [task.pid]);
        const worker = await bench.client.exec(id, "worker", options.process(run));
        const pids = [...await bench.client.listPids(id)].sort((a, b) => a - b);
        assert.deepEqual(pids, [task.pid, worker.pid].sort((a, b) => a - b));
        const summary = await bench.client.summary(id);
        const idOf = (pid: number) => summary.find((each) => each.pid === pid)?.processId;
        assert.equal(idOf(task.pid), "init");
        assert.equal(idOf(worker.pid), "worker");
      });
    },
    { skip: skipReason(listPids) },
  );

  bench.it("updateResources() changes limits, and the stats show it", async () => {
    await bench.withRunning(run, async (id) => {
      if (typeof updateResources !== "object") {
        await rejectsWith(bench.client.updateResources(id, {}), "unimplemented");
        return;
      }
      await bench.client.updateResources(id, updateResources.resources);
      updateResources.assertUpdated(await bench.client.stats(id));
    });
  }, { skip: skipReason(updateResources) });

  bench.it("updateResources() refuses what are no resources", async () => {
    await bench.withRunning(run, async (id) => {
      const resources = { memory: { limit: "much" } } as never;
      const error = await rejectsWith(
        () => bench.client.updateResources(id, resources),
        "invalid_argument",
      );
      assert.match(error.field ?? "", /memory\.limit$/);
    });
  });

  if (pause !== false) {
    bench.it("a container whose process has ended cannot be paused", async () => {
      await bench.withRunning({ does: "exit", code: 0 }, async (id) => {
        await bench.client.wait(id);
        await rejectsWith(bench.client.pause(id), "failed_precondition", { containerId: id });
        assert.equal((await bench.client.status(id)).state, "stopped");
      });
    }, { skip: skipReason(pause) });
  }
}
