import assert from "node:assert/strict";
import { assertExited, rejectsWith, textOf } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import { skipReason } from "./capabilities.ts";

/** Terminals. */
export function terminalContract(bench: Bench): void {
  const { options } = bench;
  const { terminal } = options.capabilities;
  const skip = skipReason(terminal);
  const tellSize = { does: "tell-size" } as const;
  const piped = { stdin: "piped", stdout: "piped" } as const;
  const size = { columns: 91, rows: 17 };

  const typeLine = async (stream: WritableStream<Uint8Array>) => {
    const writer = stream.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    writer.releaseLock();
  };

  bench.it("resizeTerminal() refuses a size outside 1 to 65535", async () => {
    await bench.withRunning({ does: "run" }, async (id) => {
      for (const bad of [0, -1, NaN, 1.5, 65536, 2 ** 32]) {
        const columns = bench.client.resizeTerminal(id, "init", { columns: bad, rows: 24 });
        await rejectsWith(columns, "invalid_argument", { field: "columns" });
        const rows = bench.client.resizeTerminal(id, "init", { columns: 80, rows: bad });
        await rejectsWith(rows, "invalid_argument", { field: "rows" });
      }
    });
  });

  bench.it(
    "resizeTerminal() refuses a process without a terminal with failed_precondition",
    async () => {
      await bench.withRunning({ does: "run" }, async (id) => {
        await rejectsWith(bench.client.resizeTerminal(id, "init", size), "failed_precondition", {
          containerId: id,
          processId: "init",
        });
        await bench.client.exec(id, "worker", options.process({ does: "run" }));
        await rejectsWith(bench.client.resizeTerminal(id, "worker", size), "failed_precondition", {
          processId: "worker",
        });
      });
    },
  );

  if (terminal === false) {
    bench.it("create() or start(), and exec(), refuse a terminal with unimplemented", async () => {
      const id = bench.newId();
      const spec = options.spec(tellSize, { terminal: true });
      const start = async () => {
        await bench.client.create(id, spec, options.shim);
        await bench.client.start(id, { stdio: piped });
      };
      await rejectsWith(start, "unimplemented");
      await bench.remove(id);
      await bench.withRunning({ does: "run" }, async (id) => {
        const process = options.process(tellSize, { terminal: true });
        await rejectsWith(bench.client.exec(id, "shell", process), "unimplemented");
        await rejectsWith(bench.client.status(id, "shell"), "not_found");
      });
    });
    return;
  }

  bench.it("resizeTerminal() sets the size of a running process's terminal", async () => {
    await bench.withContainer(tellSize, async (id) => {
      const task = await bench.client.start(id, { stdio: piped });
      const output = textOf(task.stdio.stdout);
      await bench.client.resizeTerminal(id, "init", size);
      await typeLine(task.stdio.stdin);
      assertExited(await task.wait(), 0);
      assert.match(await output, /17 91\r\n/);
    }, { terminal: true });
  }, { skip });

  bench.it("resizeTerminal() sets the size of a further process's terminal", async () => {
    await bench.withRunning({ does: "run" }, async (id) => {
      const process = options.process(tellSize, { terminal: true });
      const handle = await bench.client.exec(id, "shell", process, { stdio: piped });
      const output = textOf(handle.stdio.stdout);
      await bench.client.resizeTerminal(id, "shell", size);
      await typeLine(handle.stdio.stdin);
      assertExited(await handle.wait(), 0);
      assert.match(await output, /17 91\r\n/);
    });
  }, { skip });

  bench.it("resize() before start() is the size that the process finds", async () => {
    await bench.withContainer(tellSize, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      const task = await container.newTask({ stdio: piped });
      const { stdin, stdout } = task.stdio;
      assert.ok(stdin && stdout);
      const output = textOf(stdout);
      await task.resize(size);
      await task.start();
      await typeLine(stdin);
      assertExited(await task.wait(), 0);
      await task.delete();
      assert.match(await output, /17 91\r\n/);
    }, { terminal: true });
  }, { skip });

  bench.it("start() refuses a stderr of its own with a terminal", async () => {
    await bench.withContainer(tellSize, async (id) => {
      const start = bench.client.start(id, { stdio: { stdout: "piped", stderr: "piped" } });
      await rejectsWith(start, "invalid_argument");
      await rejectsWith(bench.client.status(id), "failed_precondition");
    }, { terminal: true });
  }, { skip });
}
