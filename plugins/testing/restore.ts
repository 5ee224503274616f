import assert from "node:assert/strict";
import { assertExited, rejectsWith, textOf, writeAll } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import { skipReason } from "./capabilities.ts";

/** Containers that another client made. */
export function restoreContract(bench: Bench): void {
  const { options } = bench;
  const run = { does: "run" } as const;

  bench.it(
    "restore() finds a running container of another client, and it can be waited for",
    async () => {
      await bench.withContainer(run, async (id) => {
        const task = await bench.client.start(id);
        await bench.withClient(async (other) => {
          const { alive, pid, process } = await other.restore(id);
          assert.deepEqual({ alive, pid }, { alive: true, pid: task.pid });
          assert.ok(process);
          assert.equal(process.id, "init");
          const wait = process.wait();
          await other.signalProcess(id, "init", "KILL");
          const status = assertExited(await wait, 137);
          assert.deepEqual(await task.wait(), status);
          assert.deepEqual(await other.wait(id), status);
        });
      });
    },
  );

  bench.it("restore() with the shim's name finds it, too", async () => {
    await bench.withRunning(run, async (id) => {
      await bench.withClient(async (other) => {
        const { alive } = await other.restore(id, { shim: options.shim });
        assert.equal(alive, true);
      });
    });
  });

  bench.it("restore() of a container whose process has ended says so, with its code", async () => {
    await bench.withRunning({ does: "exit", code: 12 }, async (id) => {
      await bench.client.wait(id);
      await bench.withClient(async (other) => {
        const { alive, process } = await other.restore(id);
        assert.equal(alive, false);
        assert.ok(process);
        assertExited(await process.wait(), 12);
        assertExited(await other.deleteTask(id), 12);
      });
    });
  });

  bench.it("restore() of a container without a task gives no process", async () => {
    await bench.withContainer(run, async (id) => {
      await bench.withClient(async (other) => {
        const result = await other.restore(id);
        assert.deepEqual(result, { alive: false, pid: 0, process: undefined });
        await other.start(id);
        assert.equal((await other.status(id)).state, "running");
      });
    });
  });

  bench.it("restore() says not_found for a container that no runtime has", async () => {
    const id = bench.newId();
    await rejectsWith(bench.client.restore(id), "not_found", { containerId: id });
    const shim = { shim: options.shim };
    await rejectsWith(bench.client.restore(id, shim), "not_found", { containerId: id });
  });

  const { inOtherProcess } = options.capabilities;
  const startPiped = typeof inOtherProcess === "object" ? inOtherProcess.startPiped : undefined;
  if (startPiped || typeof inOtherProcess === "string") {
    const name = "restore() attaches to the streams of a container whose maker was killed";
    bench.it(name, async () => {
      await bench.withContainer({ does: "copy" }, async (id) => {
        assert.equal(await startPiped?.(id, "before"), "before");
        await bench.withClient(async (client) => {
          const stdio = { stdin: "piped", stdout: "piped" } as const;
          const { alive, process } = await client.restore(id, { stdio });
          assert.equal(alive, true);
          assert.ok(process);
          await writeAll(process.stdio.stdin, "after");
          assert.equal(await textOf(process.stdio.stdout), "after");
          assertExited(await process.wait(), 0);
        });
      });
    }, { skip: skipReason(inOtherProcess) });
  }

  bench.it("calls by id work on another client's container without restore()", async () => {
    await bench.withRunning(run, async (id) => {
      await bench.client.exec(id, "worker", options.process(run));
      await bench.withClient(async (other) => {
        assert.equal((await other.status(id)).state, "running");
        const wait = other.wait(id, "worker");
        await other.signalProcess(id, "worker", "TERM");
        assertExited(await wait, 143);
        await other.delete(id, { force: true });
      });
    });
  });

  bench.it("restore() with a process id finds a further process, and its end", async () => {
    await bench.withRunning(run, async (id) => {
      const own = await bench.client.exec(id, "worker", options.process(run));
      await bench.withClient(async (other) => {
        const { alive, pid, process } = await other.restore(id, { processId: "worker" });
        assert.deepEqual({ alive, pid }, { alive: true, pid: own.pid });
        assert.ok(process);
        assert.equal(process.id, "worker");
        const wait = process.wait();
        await own.kill("KILL");
        assertExited(await wait, 137);
        assertExited(await other.wait(id, "worker"), 137);
      });
    });
  });

  bench.it("restore() with the id of a process that is not there gives none", async () => {
    const nothing = { alive: false, pid: 0, process: undefined };
    await bench.withContainer(run, async (id) => {
      const worker = { processId: "worker" };
      assert.deepEqual(await bench.client.restore(id, worker), nothing);
      await bench.client.start(id);
      assert.deepEqual(await bench.client.restore(id, worker), nothing);
    });
  });
}
