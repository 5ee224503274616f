import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { runcDir } from "../helpers/cache.ts";
import { isRunning } from "../helpers/processes.ts";
import { Bed, commandProcess, commandSpec } from "./bed.ts";
import { cgroupPids } from "./cgroup-files.ts";
import { eventually } from "../helpers/eventually.ts";

const hostPids = { namespaces: { pid: "host" } } as const;

/** Tells when its two children are there, and waits for them. */
const family = "sleep 3600 & sleep 3600 & echo ready; wait";

describe("kill on containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  /** Starts the family; gives the pids of all three. */
  const startFamily = async (id: string): Promise<readonly number[]> => {
    const { stdio } = await bed.client.start(id, { stdio: { stdout: "piped" } });
    const reader = stdio.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    const pids = await bed.client.listPids(id);
    assert.equal(pids.length, 3);
    for (const pid of pids) assert.ok(isRunning(pid));
    return pids;
  };

  it("C10 signalProcess() after the end says not_found, for init and exec", async () => {
    await bed.withRunning("exit 0", async (id) => {
      await bed.client.wait(id);
      await rejectsWith(bed.client.signalProcess(id, "init", "KILL"), "not_found");
    });
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const exec = await (await container.task()).exec("probe", commandProcess(["true"]));
      await exec.start();
      await exec.wait();
      await rejectsWith(exec.kill("KILL"), "not_found", { processId: "probe" });
      await exec.delete();
      await rejectsWith(exec.kill("KILL"), "not_found", { processId: "probe" });
    });
  });

  it("C11 a container that runc removed behind our back: wait() resolves, kill says not_found", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const wait = bed.client.wait(id);
      const root = `/run/containerd/runc/${bed.daemon.namespace}`;
      const args = ["--root", root, "delete", "--force", id];
      await promisify(execFile)(`${runcDir}/runc`, args);
      assertExited(await wait, 137);
      await rejectsWith(bed.client.signalProcess(id, "init", "KILL"), "not_found");
    });
  });

  it("C12 signalProcess() with all ends every process of a container in the host's pid namespace", async () => {
    await bed.withContainer(commandSpec(family, hostPids), async (id) => {
      const pids = await startFamily(id);
      const { namespace } = bed.daemon;
      assert.deepEqual([...cgroupPids(namespace, id)].sort(), [...pids].sort());
      await bed.client.signalProcess(id, "init", "KILL", { all: true });
      assertExited(await bed.client.wait(id), 137);
      await eventually("the end of every process", () => !pids.some((pid) => isRunning(pid)));
      await eventually("an empty cgroup", () => cgroupPids(namespace, id).length === 0);
    });
  });

  for (const mode of ["private", "host"] as const) {
    it(`C12 signalProcess() without all reaches init alone in a ${mode} pid namespace`, async () => {
      // init survives TERM, its children do not.
      const spec = commandSpec(
        "trap : TERM; sleep 3600 & echo ready; while :; do wait; done",
        mode === "host" ? hostPids : {},
      );
      await bed.withContainer(spec, async (id) => {
        const { pid, stdio } = await bed.client.start(id, { stdio: { stdout: "piped" } });
        await stdio.stdout.getReader().read();
        const [child] = (await bed.client.listPids(id)).filter((each) => each !== pid);
        assert.ok(child !== undefined);
        await bed.client.signalProcess(id, "init", "TERM");
        const probe = await bed.client.exec(id, "probe", commandProcess("exit 0"));
        assertExited(await probe.wait(), 0);
        assert.ok(isRunning(child));
        await bed.client.signalProcess(id, "init", "TERM", { all: true });
        await eventually("the end of the child", () => !isRunning(child));
        assert.equal((await bed.client.status(id)).state, "running");
      });
    });
  }

  for (const mode of ["private", "host"] as const) {
    it(`C13 the end of init ends its children in a ${mode} pid namespace`, async () => {
      const spec = commandSpec(family, mode === "host" ? hostPids : {});
      await bed.withContainer(spec, async (id) => {
        const pids = await startFamily(id);
        await bed.client.signalProcess(id, "init", "KILL");
        assertExited(await bed.client.wait(id), 137);
        await eventually("the end of every process", () => !pids.some((pid) => isRunning(pid)));
      });
    });
  }

  it("C14 signalProcess() refuses 0 and SIG42, and the container runs on", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      for (const signal of ["0", 0, "SIG42"]) {
        await rejectsWith(bed.client.signalProcess(id, "init", signal), "invalid_argument", {
          field: "signal",
        });
      }
      assert.equal((await bed.client.status(id)).state, "running");
    });
  });

  it("C14 signalProcess() sends real-time signals", async () => {
    const script = "trap 'exit 21' 40; echo ready; while :; do sleep 0.05; done";
    await bed.withContainer(commandSpec(script), async (id) => {
      const { stdio } = await bed.client.start(id, { stdio: { stdout: "piped" } });
      await stdio.stdout.getReader().read();
      await bed.client.signalProcess(id, "init", "SIGRTMIN+6");
      assertExited(await bed.client.wait(id), 21);
    });
  });

  it("C15 signalProcess() of a container that was never started says failed_precondition", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      await rejectsWith(bed.client.signalProcess(id, "init", "KILL"), "failed_precondition");
      const container = await (await bed.client.runtime()).loadContainer(id);
      const task = await container.newTask();
      await rejectsWith(task.kill("TERM"), "failed_precondition");
      // Known by its id now, but no less never started.
      await rejectsWith(bed.client.signalProcess(id, "init", "TERM"), "failed_precondition");
      await task.start();
      await task.kill("KILL");
      assertExited(await task.wait(), 137);
    });
  });

  it("C15 kill() of an added process that was never started is refused", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const exec = await (await container.task()).exec("idle", commandProcess(["sleep", "3600"]));
      await rejectsWith(exec.kill("TERM"), "failed_precondition", { processId: "idle" });
      await exec.start();
      await exec.kill("TERM");
      assertExited(await exec.wait(), 143);
      await exec.delete();
    });
  });

  it("wait() tells of a process that somebody else killed from the host", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      const task = await bed.client.start(id);
      process.kill(task.pid, "SIGKILL");
      assertExited(await task.wait(), 137);
    });
  });
});
