import assert from "node:assert/strict";
import { assertExited, rejectsWith } from "./assertions.ts";
import type { Bench } from "./bench.ts";

/** Signals to processes. */
export function signalContract(bench: Bench): void {
  const { options } = bench;
  const run = { does: "run" } as const;

  bench.it(
    "signalProcess() with KILL ends the first process with 137, by name or number",
    async () => {
      for (const signal of ["KILL", "SIGKILL", 9] as const) {
        await bench.withRunning(run, async (id) => {
          await bench.client.signalProcess(id, "init", signal);
          assertExited(await bench.client.wait(id), 137);
        });
      }
    },
  );

  bench.it("signalProcess() with TERM ends a further process with 143", async () => {
    await bench.withRunning(run, async (id) => {
      const handle = await bench.client.exec(id, "worker", options.process(run));
      await bench.client.signalProcess(id, "worker", "sigterm");
      assertExited(await handle.wait(), 143);
      assert.equal((await bench.client.status(id)).state, "running");
    });
  });

  bench.it("signalProcess() refuses what is no signal, and the process runs on", async () => {
    await bench.withRunning(run, async (id) => {
      for (const signal of [0, "0", -1, 65, 1.5, NaN, "", "SIG42", "NOPE"]) {
        const call = bench.client.signalProcess(id, "init", signal);
        await rejectsWith(call, "invalid_argument", { field: "signal" });
      }
      assert.equal((await bench.client.status(id)).state, "running");
    });
  });

  bench.it("signalProcess() of a process that has ended says not_found", async () => {
    await bench.withRunning({ does: "exit", code: 0 }, async (id) => {
      await bench.client.wait(id);
      const where = { containerId: id, processId: "init" };
      await rejectsWith(bench.client.signalProcess(id, "init", "TERM"), "not_found", where);
      await rejectsWith(bench.client.signalProcess(id, "init", "KILL"), "not_found", where);
    });
  });

  bench.it(
    "kill() of a task that was never started: KILL ends it, others are refused",
    async () => {
      await bench.withContainer(run, async (id) => {
        const container = await (await bench.client.runtime()).loadContainer(id);
        const task = await container.newTask();
        await rejectsWith(task.kill("TERM"), "failed_precondition", { containerId: id });
        assert.equal((await task.status()).state, "created");
        await task.kill("KILL");
        assertExited(await task.wait(), 137);
        await task.delete();
      });
    },
  );

  bench.it("signalProcess() with all reaches every process of the container", async () => {
    await bench.withRunning(run, async (id) => {
      const { client } = bench;
      const other = await client.exec(id, "other", options.process(run));
      await client.signalProcess(id, "init", "TERM", { all: true });
      assertExited(await other.wait(), 143);
    });
  });
}
