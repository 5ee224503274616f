import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { isRunning } from "../helpers/processes.ts";
import { Bed, commandSpec } from "./bed.ts";
import { cgroupMemoryLimitBytes, cgroupSwapLimitBytes } from "./cgroup-files.ts";

const MIB = 1024 * 1024;

describe("pause and update on containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("C38 updateResources() raises the memory limit from 32 to 64 MiB in the cgroup", async () => {
    const spec = commandSpec(["sleep", "3600"], { resources: { memoryLimitBytes: 32 * MIB } });
    await bed.withContainer(spec, async (id) => {
      await bed.client.start(id);
      const { namespace } = bed.daemon;
      assert.equal(cgroupMemoryLimitBytes(namespace, id), 32 * MIB);
      const limit = 64 * MIB;
      // The swap of the OCI spec is memory and swap together.
      await bed.client.updateResources(id, { memory: { limit, swap: limit + 16 * MIB } });
      assert.equal(cgroupMemoryLimitBytes(namespace, id), limit);
      assert.equal(cgroupSwapLimitBytes(namespace, id), 16 * MIB);
      const stats = await bed.client.stats(id);
      assert.ok(stats.kind !== "windows");
      const told = stats.kind === "cgroup1" ? stats.memory?.usage?.limitBytes : stats.memory
        ?.limitBytes;
      assert.equal(told, BigInt(limit));
    });
  });

  it("C38 updateResources() works on a paused container", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      await bed.client.pause(id);
      await bed.client.updateResources(id, { memory: { limit: 48 * MIB } });
      assert.equal(cgroupMemoryLimitBytes(bed.daemon.namespace, id), 48 * MIB);
      assert.equal((await bed.client.status(id)).state, "paused");
      await bed.client.resume(id);
      assert.equal((await bed.client.status(id)).state, "running");
    });
  });

  it("C38 a paused container can be stopped", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      const { pid } = await bed.client.start(id);
      await bed.client.pause(id);
      assertExited(await bed.client.deleteTask(id, { force: true }), 137);
      assert.ok(!isRunning(pid));
    });
  });

  it("C38 pause() and resume() of what is paused or runs already are refused", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      await rejectsWith(bed.client.resume(id), "failed_precondition", { containerId: id });
      await bed.client.pause(id);
      await rejectsWith(bed.client.pause(id), "failed_precondition", { containerId: id });
      assert.equal((await bed.client.status(id)).state, "paused");
    });
  });
});
