import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProcessNote } from "../../src/event-source.ts";
import type { Connection } from "../../plugins/memory/connection.ts";
import { insideOf } from "../../plugins/memory/host.ts";
import { MemoryHost } from "../../plugins/memory/mod.ts";
import { MemoryRuntime } from "../../plugins/memory/runtime.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { commandSpec, programProcess, SHIM, testPrograms } from "./bed.ts";

describe("ExitWatch", () => {
  it("ExitWatch tells nobody of the end of a process that could not be started", async () => {
    await disposeAfter(new MemoryHost({ programs: testPrograms }), async (host) => {
      const inside = insideOf(host);
      const notes = new Set<(note: ProcessNote) => void>();
      const link = inside.connect("memory");
      const connection: Connection = { link, host: inside, drainBudgetMs: 2000, notes };
      await disposeAfter(new MemoryRuntime(connection), async (runtime) => {
        const told: string[] = [];
        notes.add(({ type, processId, pid }) => void told.push(`${type} ${processId} ${pid}`));
        const spec = commandSpec(["sleep", "infinity"]);
        const container = await runtime.createContainer({ id: "c", spec, shim: SHIM });
        const task = await container.newTask();
        await task.start();
        const missing = await task.exec("x", programProcess({ does: "not-exist" }));
        await rejectsWith(missing.start(), "invalid_argument", { processId: "x" });
        assertExited(await missing.exited, 127);
        await missing.delete();
        // It is another one that has the id now, and it runs.
        const next = await task.exec("x", programProcess({ does: "exit", code: 3 }));
        await next.start();
        assertExited(await next.exited, 3);
        await next.delete();
        assert.deepEqual(told, [
          `started init ${task.pid}`,
          `started x ${next.pid}`,
          `ended x ${next.pid}`,
        ]);
        await task.delete({ force: true });
      });
    });
  });
});
