import assert from "node:assert/strict";
import { assertExited, rejectsWith } from "./assertions.ts";
import type { Bench } from "./bench.ts";

/** How long is waited before an id that is in use is tried again, in milliseconds. */
const RETRY_MS = 20;

/** Further processes in a running container. */
export function execContract(bench: Bench): void {
  const { options } = bench;
  const run = { does: "run" } as const;
  const process = (code: number) => options.process({ does: "exit", code });

  bench.it(
    "exec() gives a handle with a pid; wait() gives its code, also by id after its end",
    async () => {
      await bench.withRunning(run, async (id) => {
        const handle = await bench.client.exec(id, "probe", process(6));
        assert.equal(handle.id, "probe");
        assert.equal(handle.containerId, id);
        assert.ok(handle.pid > 0);
        const status = await handle.wait();
        assertExited(status, 6);
        assert.deepEqual(await handle.wait(), status);
        assert.deepEqual(await bench.client.wait(id, "probe"), status);
        assert.deepEqual(await bench.client.wait(id, "probe"), status);
        assert.equal((await bench.client.status(id)).state, "running");
      });
    },
  );

  bench.it("exec() runs processes side by side", async () => {
    await bench.withRunning(run, async (id) => {
      const codes = [1, 2, 3, 4, 5, 6];
      const ended = await Promise.all(codes.map(async (code) => {
        const handle = await bench.client.exec(id, `p${code}`, process(code));
        return handle.wait();
      }));
      for (const [index, code] of codes.entries()) {
        const status = ended[index];
        assert.ok(status);
        assertExited(status, code);
      }
    });
  });

  bench.it(
    "exec() refuses an id in use with already_exists, and takes it again after the end",
    async () => {
      await bench.withRunning(run, async (id) => {
        const { client } = bench;
        const first = await client.exec(id, "shell", options.process(run));
        const again = client.exec(id, "shell", process(0));
        await rejectsWith(again, "already_exists", { containerId: id, processId: "shell" });
        assert.equal((await client.status(id, "shell")).state, "running");
        await bench.withEvents(async (events) => {
          await client.signalProcess(id, "shell", "KILL");
          assertExited(await first.wait(), 137);
          await events.untilType(id, "exit", "shell");
          await untilFree(() => client.exec(id, "shell", process(2)));
        });
        assertExited(await client.wait(id, "shell"), 2);
      });
    },
  );

  bench.it("exec() of a missing program rejects with exit code 127 and frees its id", async () => {
    await bench.withRunning(run, async (id) => {
      const missing = options.process({ does: "not-exist" });
      const error = await rejectsWith(bench.client.exec(id, "x", missing), "invalid_argument", {
        containerId: id,
        processId: "x",
      });
      assert.equal(error.exitCode, 127);
      assert.equal((await bench.client.status(id)).state, "running");
      const next = await bench.client.exec(id, "x", process(0));
      assertExited(await next.wait(), 0);
    });
  });

  bench.it("exec() refuses a bad process id and a process without a command", async () => {
    await bench.withRunning(run, async (id) => {
      for (const bad of ["", "a/b", "..", "a".repeat(77)]) {
        await rejectsWith(bench.client.exec(id, bad, process(0)), "invalid_argument", {
          field: "processId",
        });
      }
      const bare = { ...process(0), args: [] };
      await rejectsWith(bench.client.exec(id, "x", bare), "invalid_argument");
    });
  });

  bench.it(
    "exec() refuses a container whose process has ended with failed_precondition",
    async () => {
      await bench.withRunning({ does: "exit", code: 0 }, async (id) => {
        await bench.client.wait(id);
        await rejectsWith(bench.client.exec(id, "late", process(0)), "failed_precondition");
      });
    },
  );

  bench.it("calls about a process that was never added say not_found", async () => {
    await bench.withRunning(run, async (id) => {
      const { client } = bench;
      const where = { containerId: id, processId: "nobody" };
      await rejectsWith(client.wait(id, "nobody"), "not_found", where);
      await rejectsWith(client.status(id, "nobody"), "not_found", where);
      await rejectsWith(client.signalProcess(id, "nobody", "TERM"), "not_found", where);
      await rejectsWith(client.closeStdin(id, "nobody"), "not_found", where);
      const size = { columns: 80, rows: 24 };
      await rejectsWith(client.resizeTerminal(id, "nobody", size), "not_found", where);
    });
  });

  bench.it("a process that was added and not started can be deleted", async () => {
    await bench.withRunning(run, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      const task = await container.task();
      const handle = await task.exec("idle", options.process(run));
      assert.equal(handle.pid, 0);
      assert.equal((await handle.status()).state, "created");
      await handle.delete();
      await rejectsWith(task.loadProcess("idle"), "not_found", { processId: "idle" });
      assert.equal((await task.status()).state, "running");
    });
  });

  bench.it(
    "delete() of a running process is refused; force kills it and tells how it ended",
    async () => {
      await bench.withRunning(run, async (id) => {
        const container = await (await bench.client.runtime()).loadContainer(id);
        const task = await container.task();
        const handle = await task.exec("worker", options.process(run));
        await handle.start();
        await rejectsWith(handle.delete(), "failed_precondition", { processId: "worker" });
        assertExited(await handle.delete({ force: true }), 137);
        assertExited(await handle.wait(), 137);
        await rejectsWith(task.loadProcess("worker"), "not_found");
      });
    },
  );

  bench.it("loadProcess() finds a process that another handle started", async () => {
    await bench.withRunning(run, async (id) => {
      const started = await bench.client.exec(id, "worker", options.process(run));
      const container = await (await bench.client.runtime()).loadContainer(id);
      const found = await (await container.task()).loadProcess("worker");
      assert.equal(found.pid, started.pid);
      await found.kill("KILL");
      assert.deepEqual(await found.wait(), await started.wait());
    });
  });

  bench.it("the end of the first process ends the others", async () => {
    await bench.withRunning(run, async (id) => {
      const other = await bench.client.exec(id, "other", options.process(run));
      await bench.client.signalProcess(id, "init", "KILL");
      assertExited(await bench.client.wait(id), 137);
      assertExited(await other.wait(), 137);
    });
  });
}

// The record of an ended process is removed in the background, right after its end.
async function untilFree(call: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (true) {
    try {
      await call();
      return;
    } catch (error) {
      const isInUse = (error as { code?: unknown }).code === "already_exists";
      if (!isInUse || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
