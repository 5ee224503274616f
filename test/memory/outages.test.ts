import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, memory } from "../../plugins/memory/mod.ts";
import { assertExited, rejectsWith, textOf, writeAll } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import { eventually } from "../helpers/eventually.ts";
import { clientOf, commandSpec, programProcess, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

const run = commandSpec(["sleep", "infinity"]);

describe("outages", () => {
  it("loseConnection() refuses every call until it is lifted, and counts them", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", run, SHIM);
      const fault = host.faults.loseConnection();
      await rejectsWith(client.version(), "unavailable");
      await rejectsWith(client.start("c"), "unavailable");
      await disposeAfter(clientOf(host), async (late) => {
        await rejectsWith(late.version(), "unavailable");
        await fault.struck(3);
        fault.lift();
        await late.start("c");
        assert.equal((await client.status("c")).state, "running");
      });
    });
  });

  it("loseConnection() is about the clients of one plugin, where one is named", async () => {
    await runOn({}, async ({ client, host }) => {
      await disposeAfter(clientOf(host, { id: "second" }), async (second) => {
        await second.version();
        await client.version();
        host.faults.loseConnection({ plugin: "second" });
        await client.version();
        const error = await rejectsWith(second.version(), "unavailable");
        assert.equal(error.plugin, "second");
      });
    });
  });

  it("outages that overlap last until the last of them is over", async () => {
    const clock = new ManualClock();
    await runOn({ clock }, async ({ client, host }) => {
      await client.version();
      const fault = host.faults.loseConnection();
      host.faults.loseDaemon({ forMs: 1000 });
      await clock.advance(999);
      await rejectsWith(client.version(), "unavailable");
      fault.lift();
      await rejectsWith(client.version(), "unavailable");
      await clock.advance(1);
      await client.version();
      assert.equal(host.faults.size, 0);
    });
  });

  it("wait() survives a lost connection, also where the process ends meanwhile", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", commandSpec(["cat"]), SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped", stdout: "piped" } });
      const exec = await client.exec("c", "x", programProcess({ does: "run" }));
      const waits = [task.wait(), exec.wait(), task.exited];
      assert.equal(host.residue().programs, 2);
      const fault = host.faults.loseConnection();
      // Streams are no calls: they go on.
      await writeAll(task.stdio.stdin, "through");
      assert.equal(await textOf(task.stdio.stdout), "through");
      await eventually("both have ended", () => host.residue().programs === 0);
      fault.lift();
      const [init, further, exited] = await Promise.all(waits);
      assert.ok(init && further && exited);
      assertExited(init, 0);
      assertExited(further, 137);
      assert.deepEqual(exited, init);
    });
  });

  for (const [ended, state] of [["kept", "exited"], ["gone", "lost"]] as const) {
    it(`loseDaemon() with ended tasks ${ended}: their ends are ${state}, others run on`, async () => {
      await runOn({}, async ({ client, host }) => {
        await client.create("ends", commandSpec(["cat"]), SHIM);
        await client.create("stays", run, SHIM);
        const ends = await client.start("ends", { stdio: { stdin: "piped" } });
        const stays = await client.start("stays");
        const exec = await client.exec("stays", "x", programProcess({ does: "copy" }), {
          stdio: { stdin: "piped" },
        });
        const fault = host.faults.loseDaemon({ ended });
        await ends.stdio.stdin.close();
        await exec.stdio.stdin.close();
        await eventually("both have ended", () => host.residue().programs === 1);
        fault.lift();
        assert.equal((await ends.wait()).state, state);
        // Its container runs: whoever watches over it knows how it ended.
        assertExited(await exec.wait(), 0);
        assert.equal((await client.status("stays")).state, "running");
        assert.equal((await client.restore("ends")).process === undefined, ended === "gone");
        await client.signalProcess("stays", "init", "KILL");
        assertExited(await stays.wait(), 137);
      });
    });

    it(`events() after loseDaemon() with ended tasks ${ended} tells one exit each`, async () => {
      await runOn({}, async ({ client, host }) => {
        const log = await EventLog.open(client.events(), { budgetMs: 20_000 });
        await disposeAfter(log, async () => {
          await client.create("c", commandSpec(["cat"]), SHIM);
          const task = await client.start("c", { stdio: { stdin: "piped" } });
          await log.untilType("c", "start");
          const fault = host.faults.loseDaemon({ ended });
          await log.until(({ type }) => type === "disconnected");
          await task.stdio.stdin.close();
          await eventually("it has ended", () => host.residue().programs === 0);
          fault.lift();
          await log.until(({ type }) => type === "connected");
          const exit = await log.untilType("c", "exit", "init");
          assert.ok(exit.type === "exit");
          assert.equal(exit.status.state, state);
          assert.deepEqual(await task.wait(), ended === "gone" ? await task.exited : exit.status);
          await client.delete("c", { force: true });
          assert.equal(log.types("c").filter((type) => type === "exit init").length, 1);
        });
      });
    });
  }

  it("open() of a plugin fails while there is no connection, and leaves none", async () => {
    await runOn({}, async ({ host }) => {
      const plugin = memory({ host, id: "other" });
      const fault = host.faults.loseConnection();
      await rejectsWith(plugin.open(), "unavailable");
      assert.equal(host.residue().connections, 0);
      fault.lift();
      await disposeAfter(await plugin.open(), (runtime) => runtime.version().then(() => {}));
      assert.equal(host.residue().connections, 0);
    });
  });
});
