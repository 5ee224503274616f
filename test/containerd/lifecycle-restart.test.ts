import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { containerdVersion } from "../helpers/cache.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";
import { Bed, commandProcess, commandSpec, connectTo, SHIM } from "./bed.ts";

const sleep = ["sleep", "3600"];

/** How far the clocks of the kernel and of this process may be apart, in milliseconds. */
const CLOCK_MS = 1000;

/** How long a call about a container without a shim may take, in milliseconds; only a hang does. */
const BUDGET_MS = 60_000;

/** What a process that nobody saw end is told as: by its code or as lost, and since then. */
function assertEndedSince(status: ExitStatus, sinceMs: number): void {
  if (status.state === "exited") assert.equal(status.code, 137);
  const at = status.state === "exited" ? status.exitedAt : status.noticedAt;
  assert.ok(at.getTime() >= sinceMs - CLOCK_MS, `${at.toISOString()} is before it was killed`);
  assert.ok(at.getTime() <= Date.now() + CLOCK_MS, `${at.toISOString()} is to come`);
}

describe("containers over a restart of containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`C34 wait() outlasts ${signal}, a new one works, and a kill ends the process`, async () => {
      await bed.withRunning(sleep, async (id) => {
        const { pid } = await bed.client.restore(id);
        const exec = await bed.client.exec(id, "more", commandProcess(sleep));
        const settled: string[] = [];
        const wait = (name: string, end: Promise<ExitStatus>) => {
          const over = () => void settled.push(name);
          end.then(over, over);
          return end;
        };
        const ends = [
          wait("wait() of init", bed.client.wait(id)),
          wait("wait() of a further process", exec.wait()),
        ];
        await bed.withEvents(async (events) => {
          await bed.daemon.restart(signal);
          await events.until(({ type }) => type === "connected");
        });
        ends.push(wait("a new wait()", bed.client.wait(id)));
        const other = connectTo(bed.daemon);
        try {
          assert.deepEqual(await other.status(id), { state: "running", pid });
          ends.push(wait("wait() of a new client", other.wait(id)));
          // What was broken off has settled by now, if it ever does.
          assert.equal((await other.status(id)).state, "running");
          assert.deepEqual(settled, []);
          await bed.client.signalProcess(id, "init", "SIGKILL");
          for (const end of ends) assertExited(await end, 137);
        } finally {
          await other[Symbol.asyncDispose]();
        }
        assert.ok(!isRunning(pid) && !isRunning(exec.pid));
      });
    });
  }

  it("C35 restore() of what was killed meanwhile says so, and it can be started again", async () => {
    const [gone, stays] = [bed.newId(), bed.newId()];
    const maker = connectTo(bed.daemon);
    const pids = await Promise.all([gone, stays].map(async (id) => {
      await maker.create(id, commandSpec(sleep), SHIM);
      return (await maker.start(id)).pid;
    }));
    await maker[Symbol.asyncDispose]();
    const [gonePid = 0, staysPid = 0] = pids;
    const sinceMs = Date.now();
    await bed.daemon.kill();
    process.kill(gonePid, "SIGKILL");
    await eventually("it has ended", () => !isRunning(gonePid));
    await bed.daemon.start();
    const client = connectTo(bed.daemon);
    try {
      await disposeAfter(await EventLog.open(client.events()), async (events) => {
        const lost = await client.restore(gone);
        assert.equal(lost.alive, false);
        if (containerdVersion === "1.6") {
          assert.ok(lost.process);
          assertEndedSince(assertExited(await lost.process.wait(), 137), sinceMs);
          await client.deleteTask(gone);
        } else {
          // Later ones have forgotten the task, and nobody is told an end that nobody saw.
          assert.equal(lost.process, undefined);
          await rejectsWith(client.wait(gone), "failed_precondition", { containerId: gone });
        }
        const kept = await client.restore(stays);
        assert.deepEqual({ alive: kept.alive, pid: kept.pid }, { alive: true, pid: staysPid });

        const again = await client.start(gone);
        assert.ok(isRunning(again.pid) && again.pid !== gonePid);
        await client.signalProcess(gone, "init", "SIGKILL");
        assertExited(await again.wait(), 137);
        await events.untilType(gone, "exit", "init");
        const ofAgain = events.of(gone).filter((event) =>
          "pid" in event && event.pid === again.pid
        );
        assert.deepEqual(ofAgain.slice(0, 3).map(({ type }) => type), ["create", "start", "exit"]);

        await client.signalProcess(stays, "init", "SIGKILL");
        assertExited(await client.wait(stays), 137);
        await events.untilType(stays, "exit", "init");
        assert.equal(events.types(stays).filter((type) => type === "exit init").length, 1);
      });
    } finally {
      await bed.remove(gone);
      await bed.remove(stays);
      await client[Symbol.asyncDispose]();
    }
  });

  for (const when of ["while containerd runs", "while containerd is away"] as const) {
    it(`C36 calls to a shim that is dead end soon, others go on: killed ${when}`, async () => {
      await bed.withRunning(sleep, async (other) => {
        await bed.withRunning(sleep, async (id) => {
          const exec = await bed.client.exec(id, "more", commandProcess(sleep));
          const [shim = 0, ...more] = bed.daemon.shimPids(id);
          assert.ok(shim > 0 && more.length === 0);
          const waits = [bed.client.wait(id), exec.wait()];
          const sinceMs = Date.now();
          await bed.withEvents(async (events) => {
            if (when === "while containerd is away") {
              await bed.daemon.kill();
              process.kill(shim, "SIGKILL");
              await eventually("the shim is gone", () => !isRunning(shim));
              await bed.daemon.start();
            } else process.kill(shim, "SIGKILL");

            const signal = AbortSignal.timeout(BUDGET_MS);
            const call = { signal };
            const outcomes = await Promise.all([
              rejection(bed.client.stats(id, call)),
              rejection(bed.client.pause(id, call)),
              rejection(bed.client.exec(id, "late", commandProcess(sleep), call)),
              rejection(bed.client.signalProcess(id, "init", "SIGUSR1", call)),
            ]);
            for (const error of outcomes) assert.notEqual(error, signal.reason);
            for (const end of waits) assertEndedSince(await end, sinceMs);
            await events.untilType(id, "exit", "init");
            assert.deepEqual(events.types(other), []);
            assert.equal((await bed.client.status(other)).state, "running");
            const fine = await bed.client.exec(other, "fine", commandProcess("exit 4"));
            assertExited(await fine.wait(), 4);
          });
        });
      });
    });
  }
});
