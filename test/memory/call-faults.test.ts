import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { ManualClock, type MemoryHost } from "../../plugins/memory/mod.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { rejection } from "../helpers/rejection.ts";
import { clientOf, commandSpec, programProcess, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

const run = commandSpec(["sleep", "infinity"]);

/** The errors that misuse of faults gives, by what is asked for. */
function misuses(host: MemoryHost): readonly (readonly [field: string, call: () => unknown])[] {
  const { faults } = host;
  return [
    ["method", () => faults.failCalls({ method: "dance" as never })],
    ["times", () => faults.failCalls({ times: 0 })],
    ["times", () => faults.hangCalls({ times: 1.5 })],
    ["probability", () => faults.dropEvents({ probability: 2 })],
    ["probability", () => faults.dropEvents({ probability: NaN })],
    ["work", () => faults.breakCalls({ work: "half" as never })],
    ["code", () => faults.failCalls({ code: "broken" as never })],
    ["matches", () => faults.duplicateEvents({ matches: "exit" as never })],
    ["delayMs", () => faults.delayEvents({ delayMs: -1 })],
    ["withinMs", () => faults.reorderEvents({ withinMs: "soon" as never })],
    ["forMs", () => faults.loseConnection({ forMs: -1 })],
    ["ended", () => faults.loseDaemon({ ended: "lost" as never })],
    ["containerId", () => faults.failCalls({ containerId: 1 as never })],
    ["container", () => faults.failCalls({ container: "c" } as never)],
    ["containerId", () => faults.killShim("../c")],
  ];
}

describe("faults of calls", () => {
  it("faults refuse options that there are not, by name", async () => {
    await runOn({}, ({ host }) => {
      for (const [field, call] of misuses(host)) {
        assert.throws(
          call,
          (error) => isContainerError(error, "invalid_argument") && error.field === field,
          field,
        );
      }
      assert.equal(host.faults.size, 0);
      return Promise.resolve();
    });
  });

  it("failCalls() fails the calls that it is about, so often, with its code", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("a", run, SHIM);
      await client.create("b", run, SHIM);
      const fault = host.faults.failCalls({
        method: "start",
        containerId: "a",
        code: "resource_exhausted",
        times: 2,
      });
      await client.start("b");
      for (const count of [1, 2]) {
        await rejectsWith(client.start("a"), "resource_exhausted", { containerId: "a" });
        assert.equal(fault.count, count);
      }
      assert.equal(fault.isActive, false);
      await client.start("a");
    });
  });

  it("failCalls() with its work done fails although it happened", async () => {
    await runOn({}, async ({ client, host }) => {
      const fault = host.faults.failCalls({ method: "createContainer", work: "done" });
      await rejectsWith(client.create("c", run, SHIM), "internal");
      fault.lift();
      assert.equal((await client.restore("c")).alive, false);
      await rejectsWith(client.create("c", run, SHIM), "conflict");
    });
  });

  it("failCalls() strikes as often as it is likely, and alike for the same seed", async () => {
    const runs: string[] = [];
    for (const seed of [7, 7, 8]) {
      await runOn({ seed }, async ({ client, host }) => {
        host.faults.failCalls({ method: "version", probability: 0.3, code: "unknown" });
        let outcome = "";
        for (let i = 0; i < 200; i++) {
          outcome += await client.version().then(() => ".", () => "x");
        }
        runs.push(outcome);
      });
    }
    const [first = "", again, other] = runs;
    assert.equal(first, again);
    assert.notEqual(first, other);
    const struck = [...first].filter((each) => each === "x").length;
    assert.ok(struck > 30 && struck < 90, `struck ${struck} of 200`);
  });

  it("hangCalls() holds a call until it is lifted", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", run, SHIM);
      const fault = host.faults.hangCalls({ method: "start" });
      let isStarted = false;
      const start = client.start("c").then(() => void (isStarted = true));
      await fault.struck();
      assert.equal((await client.status("c")).state, "created");
      assert.equal(isStarted, false);
      fault.lift();
      await start;
      assert.equal((await client.status("c")).state, "running");
    });
  });

  it("hangCalls() holds so many calls, and no more", async () => {
    await runOn({}, async ({ client, host }) => {
      const fault = host.faults.hangCalls({ method: "version", times: 1 });
      const held = client.version();
      await fault.struck();
      await client.version();
      assert.equal(fault.count, 1);
      assert.equal(fault.isActive, true);
      fault.lift();
      await held;
    });
  });

  it("hangCalls() gives way to an abort, and what was done is undone", async () => {
    for (const work of ["undone", "done"] as const) {
      await runOn({}, async ({ client, host }) => {
        const reason = new Error("enough");
        for (const method of ["createContainer", "newTask", "exec", "start"] as const) {
          await client.create(method, run, SHIM);
          if (method === "exec") await client.start(method);
          const fault = host.faults.hangCalls({ method, work });
          const abort = new AbortController();
          const { signal } = abort;
          const call = method === "createContainer"
            ? client.create("new", run, SHIM, { signal })
            : method === "exec"
            ? client.exec(method, "x", programProcess({ does: "run" }), { signal })
            : client.start(method, { signal });
          await fault.struck();
          abort.abort(reason);
          assert.equal(await rejection(call), reason);
          fault.lift();
          if (method === "createContainer") await rejectsWith(client.restore("new"), "not_found");
          else if (method === "exec") {
            await rejectsWith(client.status(method, "x"), "not_found");
          } else {
            await client.start(method); // waits for what is undone
          }
          await client.delete(method, { force: true });
        }
        const { containers, tasks, processes } = host.residue();
        assert.deepEqual({ containers, tasks, processes }, {
          containers: 0,
          tasks: 0,
          processes: 0,
        });
      });
    }
  });

  it("breakCalls() loses the connection in the middle of a call, done or not", async () => {
    for (const work of ["undone", "done"] as const) {
      await runOn({}, async ({ client, host }) => {
        const fault = host.faults.breakCalls({ method: "createContainer", work });
        await rejectsWith(client.create("c", run, SHIM), "unavailable", { containerId: "c" });
        await rejectsWith(client.version(), "unavailable");
        await disposeAfter(clientOf(host), async (other) => {
          await other.version();
          const isThere = await other.restore("c").then(() => true, () => false);
          assert.equal(isThere, work === "done");
        });
        fault.lift();
        await client.version();
      });
    }
  });

  it("a process whose start was not answered has its pid, and its end is its own", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", run, SHIM);
      await client.start("c");
      const container = await (await client.runtime()).loadContainer("c");
      const exec = await (await container.task()).exec("x", programProcess({ does: "run" }));
      const fault = host.faults.failCalls({ method: "start", work: "done", code: "unavailable" });
      await rejectsWith(exec.start(), "unavailable", { processId: "x" });
      fault.lift();
      assert.ok(exec.pid > 0);
      assert.equal(
        exec.pid,
        (await client.summary("c")).find((each) => each.processId === "x")?.pid,
      );
      assertExited(await exec.delete({ force: true }), 137);
    });
  });

  it("struck() waits for so many; lift() ends the wait, and the fault", async () => {
    await runOn({}, async ({ client, host }) => {
      const fault = host.faults.failCalls({ method: "version" });
      const twice = fault.struck(2);
      const often = fault.struck(3);
      for (let i = 0; i < 2; i++) await rejectsWith(client.version(), "internal");
      await twice;
      fault.lift();
      fault[Symbol.dispose]();
      await rejectsWith(often, "aborted");
      await rejectsWith(fault.struck(3), "aborted");
      await fault.struck(2);
      await client.version();
      assert.equal(host.faults.size, 0);
    });
  });

  it("a fault of wait keeps the end from a handle until asked again, or is its loss", async () => {
    await runOn({}, async ({ client, host }) => {
      for (const [code, state] of [["internal", "exited"], ["not_found", "lost"]] as const) {
        const fault = host.faults.failCalls({ method: "wait", code, times: 1 });
        await client.create(code, run, SHIM);
        const task = await client.start(code);
        await fault.struck();
        await client.signalProcess(code, INIT_PROCESS, "KILL");
        assert.equal((await task.wait()).state, state);
      }
    });
  });

  it("dispose of a host lifts its faults and refuses what comes later", async () => {
    const clock = new ManualClock();
    await runOn({ clock }, async ({ client, host }) => {
      await client.create("c", run, SHIM);
      const task = await client.start("c");
      const fault = host.faults.hangCalls({ method: "pause" });
      const pause = rejectsWith(client.pause("c"), "not_found");
      await fault.struck();
      host.faults.delayEvents({ delayMs: 1000 });
      await host[Symbol.asyncDispose]();
      await pause;
      await rejectsWith(client.version(), "unavailable");
      await disposeAfter(
        clientOf(host),
        (late) => rejectsWith(late.version(), "unavailable").then(),
      );
      await rejectsWith(task.wait(), "unavailable");
      const left = Object.entries(host.residue()).filter(([, count]) => count !== 0);
      assert.deepEqual(left, []);
    });
  });

  it("killInit() and exhaustMemory() end a container as its host does", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", run, SHIM);
      assert.throws(
        () => host.faults.killInit("c"),
        (error) => isContainerError(error, "not_found") && error.containerId === "c",
      );
      const task = await client.start("c");
      const exec = await client.exec("c", "x", programProcess({ does: "run" }));
      host.faults.killInit("c");
      assert.equal(assertExited(await task.wait(), 137).oomKilled, false);
      assertExited(await exec.wait(), 137);
      assert.throws(
        () => host.faults.exhaustMemory("c"),
        (error) => isContainerError(error, "failed_precondition"),
      );
      await client.deleteTask("c");
      const second = await client.start("c");
      host.faults.exhaustMemory("c");
      assert.equal(assertExited(await second.wait(), 137).oomKilled, true);
    });
  });

  it("killShim() ends all processes, and how is not known", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", run, SHIM);
      const task = await client.start("c", { stdio: { stdout: "piped" } });
      const exec = await client.exec("c", "x", programProcess({ does: "run" }));
      host.faults.killShim("c");
      assert.equal((await task.wait()).state, "lost");
      assert.equal((await exec.wait()).state, "lost");
      assert.equal((await task.stdio.stdout.getReader().read()).done, true);
      await client.start("c");
      assert.equal((await client.status("c")).state, "running");
    });
  });
});
