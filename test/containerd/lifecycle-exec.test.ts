import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith, textOf } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { Bed, commandProcess } from "./bed.ts";

describe("exec on containerd", () => {
  let bed: Bed;
  let runc: WrappedRunc;

  before(async () => {
    runc = wrapRunc();
    bed = await Bed.start({ runcDir: runc.dir });
  });
  after(async () => {
    await bed?.stop();
    runc?.remove();
  });

  const taskOf = async (id: string) => {
    return await (await (await bed.client.runtime()).loadContainer(id)).task();
  };

  it("C20 wait() gives the code of a further process, and delete() gives it again", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const exec = await (await taskOf(id)).exec("probe", commandProcess("exit 6"));
      await exec.start();
      const status = assertExited(await exec.wait(), 6);
      const { state, code, exitedAt } = await exec.status();
      assert.deepEqual({ state, code, exitedAt }, {
        state: "stopped",
        code: 6,
        exitedAt: status.exitedAt,
      });
      assert.deepEqual(await exec.delete(), status);
      assert.deepEqual(await exec.delete(), status);
    });
  });

  it("C21 exec() of what cannot run rejects with 127 or 126, and leaves nothing", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const task = await taskOf(id);
      const cases = [
        ["no-such-program", 127],
        ["/no/such/program", 127],
        ["/etc", 126],
        ["/etc/passwd", 126],
      ] as const;
      for (const [program, exitCode] of cases) {
        const exec = bed.client.exec(id, "probe", commandProcess([program]));
        const error = await rejectsWith(exec, "invalid_argument", {
          containerId: id,
          processId: "probe",
        });
        assert.equal(error.exitCode, exitCode, `${program}: ${error.message}`);
        await rejectsWith(task.loadProcess("probe"), "not_found");
      }
      assert.equal((await bed.client.status(id)).state, "running");
    });
  });

  it("C22 delete() of a process that was added and not started gives code 0", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const task = await taskOf(id);
      const exec = await task.exec("idle", commandProcess(["sleep", "3600"]));
      const status = await exec.delete();
      assert.equal(status.state === "exited" && status.code, 0);
      await rejectsWith(task.loadProcess("idle"), "not_found");
    });
  });

  it("C23 exec() takes a very long argument list", async () => {
    const count = scale(2000, 20_000);
    const filler = Array.from(
      { length: count },
      (_, index) => `argument-${index}-`.padEnd(60, "x"),
    );
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const process = commandProcess(["sh", "-c", "echo $# ${#1}", "sh", ...filler]);
      const exec = await bed.client.exec(id, "long", process, { stdio: { stdout: "piped" } });
      assert.equal(await textOf(exec.stdio.stdout), `${count} 60\n`);
      assertExited(await exec.wait(), 0);
    });
  });

  it("C24 processes that are being started while init is killed fail, and init's exit is told", async () => {
    await bed.withEvents(async (events) => {
      await bed.withRunning(["sleep", "3600"], async (id) => {
        const task = await taskOf(id);
        const execs = [
          await task.exec("one", commandProcess(["sleep", "3600"])),
          await task.exec("two", commandProcess(["sleep", "3600"])),
        ];
        const gate = runc.hold("exec", "before", { containerId: id });
        const starts = execs.map((exec) => exec.start().then(() => undefined, (error) => error));
        try {
          await gate.arrived();
          await task.kill("KILL");
        } finally {
          gate.release();
        }
        for (const error of await Promise.all(starts)) {
          assert.ok(error instanceof Error, "a process was started in a dead container");
        }
        assertExited(await task.wait(), 137);
        await events.untilType(id, "exit", "init");
        assert.equal((await task.status()).state, "stopped");
        for (const exec of execs) assert.equal((await exec.status()).state, "created");
        assert.deepEqual(
          events.types(id).filter((type) => type.startsWith("exit")),
          ["exit init"],
        );
        for (const exec of execs) await exec.delete();
        assertExited(await task.delete(), 137);
      });
    });
  });

  it("C25 exec() in a paused container says failed_precondition", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      await bed.client.pause(id);
      const exec = bed.client.exec(id, "probe", commandProcess(["true"]));
      await rejectsWith(exec, "failed_precondition", { containerId: id });
      await bed.client.resume(id);
      const handle = await bed.client.exec(id, "probe", commandProcess("exit 2"));
      assertExited(await handle.wait(), 2);
    });
  });
});
