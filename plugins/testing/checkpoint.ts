import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejectsWith } from "./assertions.ts";
import { skipReason } from "./capabilities.ts";
import type { Bench } from "./bench.ts";

/** State of running containers, written to a folder and continued from there. */
export function checkpointContract(bench: Bench): void {
  const { checkpoint } = bench.options.capabilities;
  const skip = skipReason(checkpoint);
  const run = { does: "run" } as const;

  const withFolder = async (use: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), "lccontract-"));
    try {
      await use(join(folder, "checkpoint"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  if (checkpoint === false) {
    bench.it("createCheckpoint() says that the runtime does not have it", async () => {
      await bench.withRunning(run, async (id) => {
        await rejectsWith(bench.client.createCheckpoint(id, "/tmp/never"), "unimplemented", {
          containerId: id,
        });
        await bench.client.deleteTask(id, { force: true });
        const start = bench.client.start(id, { checkpointDir: "/tmp/never" });
        await rejectsWith(start, "unimplemented", { containerId: id });
      });
    });
    return;
  }

  bench.it(
    "createCheckpoint() leaves the container running; start() continues from the folder",
    async () => {
      await withFolder(async (folder) => {
        await bench.withRunning(run, async (id) => {
          await bench.client.createCheckpoint(id, folder);
          assert.ok(readdirSync(folder).length > 0);
          assert.equal((await bench.client.status(id)).state, "running");
          await bench.client.deleteTask(id, { force: true });
          const task = await bench.client.start(id, { checkpointDir: folder });
          assert.ok(task.pid > 0);
          assert.equal((await bench.client.status(id)).state, "running");
        });
      });
    },
    { skip },
  );

  bench.it("createCheckpoint() with exit ends the container", async () => {
    await withFolder(async (folder) => {
      await bench.withRunning(run, async (id) => {
        await bench.client.createCheckpoint(id, folder, { exit: true });
        const status = await bench.client.wait(id);
        assert.equal(status.state, "exited");
        assert.equal((await bench.client.status(id)).state, "stopped");
      });
    });
  }, { skip });

  bench.it("start() refuses a checkpoint folder that does not exist", async () => {
    await bench.withContainer(run, async (id) => {
      const start = bench.client.start(id, { checkpointDir: "/no/such/folder" });
      await rejectsWith(start, "not_found");
      await rejectsWith(bench.client.status(id), "failed_precondition");
    });
  });
}
