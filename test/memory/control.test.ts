import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { ManualClock, type ProgramContext, script } from "../../plugins/memory/mod.ts";
import { assertExited, rejectsWith, textOf } from "../../plugins/testing/assertions.ts";
import { commandSpec, nodeFiles, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

describe("signals", () => {
  it("kill() does what a signal does by itself: ends, or is ignored", async () => {
    await runOn({}, async ({ client }) => {
      await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
      for (const [signal, code] of [["HUP", 129], ["SIGRTMIN", 162], ["USR1", 138]] as const) {
        const task = await client.start("c");
        for (const ignored of ["CHLD", "CONT", "URG", "WINCH"]) {
          await client.signalProcess("c", "init", ignored);
        }
        assert.equal((await client.status("c")).state, "running");
        await client.signalProcess("c", "init", signal);
        assertExited(await task.wait(), code);
        await client.deleteTask("c");
      }
    });
  });

  it("onSignal() handles a signal in place of that, until its handler is taken away", async () => {
    const heard: number[] = [];
    const programs = {
      async listen(context: ProgramContext) {
        const forget = context.onSignal("TERM", (signal) => {
          heard.push(signal);
          if (heard.length === 2) forget();
        });
        for (const refused of ["KILL", "STOP"]) {
          assert.throws(
            () => context.onSignal(refused, () => {}),
            (error) => isContainerError(error) && error.field === "signal",
          );
        }
        await context.sleep(Infinity);
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["listen"]), SHIM);
      const task = await client.start("c");
      for (let i = 0; i < 3; i++) await client.signalProcess("c", "init", "TERM");
      assertExited(await task.wait(), 143);
      assert.deepEqual(heard, [15, 15]);
    });
  });

  it("STOP holds a process up until CONT, and other signals wait", async () => {
    const clock = new ManualClock();
    await runOn({ clock }, async ({ client }) => {
      await client.create("c", commandSpec(["sleep", "10"]), SHIM);
      const task = await client.start("c");
      await client.signalProcess("c", "init", "STOP");
      await clock.advance(60_000);
      assert.equal((await client.status("c")).state, "running");
      await client.signalProcess("c", "init", "CONT");
      await clock.advance(10_000);
      assertExited(await task.wait(), 0);
      await client.deleteTask("c");
      const second = await client.start("c");
      await client.signalProcess("c", "init", "STOP");
      await client.signalProcess("c", "init", "TERM");
      assert.equal((await client.status("c")).state, "running");
      await client.signalProcess("c", "init", "CONT");
      assertExited(await second.wait(), 143);
    });
  });
});

describe("pause", () => {
  it("pause() stops output, input, time and end of a program; resume() lets them go on", async () => {
    const clock = new ManualClock();
    const steps: string[] = [];
    const programs = {
      async work(context: ProgramContext) {
        await context.readLine();
        steps.push("read");
        await context.print("output");
        steps.push("printed");
        await context.sleep(1000);
        steps.push("slept");
        return 5;
      },
    };
    await runOn({ programs, clock }, async ({ client }) => {
      await client.create("c", commandSpec(["work"]), SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped", stdout: "piped" } });
      await client.pause("c");
      const writer = task.stdio.stdin.getWriter();
      await writer.write(new TextEncoder().encode("line\n"));
      await clock.advance(5000);
      assert.deepEqual(steps, []);
      await client.resume("c");
      await clock.advance(400);
      assert.deepEqual(steps, ["read", "printed"]);
      await client.pause("c");
      await clock.advance(5000);
      await client.resume("c");
      await clock.advance(599);
      assert.deepEqual(steps, ["read", "printed"]);
      await clock.advance(1);
      assert.deepEqual(steps, ["read", "printed", "slept"]);
      assertExited(await task.wait(), 5);
      assert.equal(await textOf(task.stdio.stdout), "output");
    });
  });

  it("pause() holds back what a program writes that was awaiting something else", async () => {
    const outside = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const programs = {
      async late({ print }: ProgramContext) {
        await outside.promise;
        const printing = print("late");
        written.resolve();
        await printing;
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["late"]), SHIM);
      const task = await client.start("c", { stdio: { stdout: "piped" } });
      await client.pause("c");
      const reader = task.stdio.stdout.getReader();
      const read = reader.read();
      outside.resolve();
      await written.promise;
      const turns = new ManualClock().advance(0).then(() => "nothing");
      assert.equal(await Promise.race([read, turns]), "nothing");
      assert.equal((await client.status("c")).state, "paused");
      await client.resume("c");
      assert.deepEqual((await read).value, new TextEncoder().encode("late"));
      assertExited(await task.wait(), 0);
    });
  });

  it("pause() and resume() refuse the wrong state; a kill reaches a paused container", async () => {
    await runOn({}, async ({ client }) => {
      await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
      const task = await client.start("c");
      await rejectsWith(client.resume("c"), "failed_precondition", { containerId: "c" });
      await client.pause("c");
      await rejectsWith(client.pause("c"), "failed_precondition", { containerId: "c" });
      const exec = client.exec("c", "x", processSpec({ args: ["true"] }));
      await rejectsWith(exec, "failed_precondition", { processId: "x" });
      await client.signalProcess("c", "init", "TERM");
      assert.equal((await client.status("c")).state, "paused");
      await client.signalProcess("c", "init", "KILL");
      assertExited(await task.wait(), 137);
    });
  });
});

describe("checkpoints", () => {
  for (const files of [undefined, "the files of this machine"] as const) {
    it(`createCheckpoint() keeps what a program saves: in ${files ?? "memory"}`, async () => {
      const folder = files && await temporaryFolder();
      const program = script([
        { print: "first\n" },
        { awaitSignal: "USR1" },
        { print: "second\n" },
        {
          exit: 3,
        },
      ]);
      const options = { programs: { program }, ...(files && { files: nodeFiles }) };
      try {
        await runOn(options, async ({ client }) => {
          const directory = `${folder ?? ""}/checkpoint`;
          await client.create("one", commandSpec(["program"]), SHIM);
          const stdio = { stdout: "piped" } as const;
          const one = await client.start("one", { stdio });
          const first = one.stdio.stdout.getReader();
          await first.read();
          await client.createCheckpoint("one", directory, { exit: true });
          assertExited(await one.wait(), 137);
          await client.create("two", commandSpec(["sleep", "infinity"]), SHIM);
          const two = await client.start("two", { stdio, checkpointDir: `${directory}/` });
          await client.signalProcess("two", "init", "USR1");
          assertExited(await two.wait(), 3);
          assert.equal(await textOf(two.stdio.stdout), "second\n");
        });
      } finally {
        if (folder) await removeFolder(folder);
      }
    });
  }

  it("start() refuses a folder that holds something else", async () => {
    for (const text of ["{}", '{"format":"other"}', "no JSON", "null"]) {
      const files = {
        read: () => Promise.resolve(new TextEncoder().encode(text)),
        append: () => Promise.resolve(),
        write: () => Promise.resolve(),
      };
      await runOn({ files }, async ({ client }) => {
        await client.create("c", commandSpec(["true"]), SHIM);
        await rejectsWith(client.start("c", { checkpointDir: "/other" }), "invalid_argument", {
          field: "checkpointDir",
        });
      });
    }
  });
});

async function temporaryFolder(): Promise<string> {
  const { mkdtemp } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  return await mkdtemp(`${tmpdir()}/lcmemory-`);
}

async function removeFolder(folder: string): Promise<void> {
  const { rm } = await import("node:fs/promises");
  await rm(folder, { recursive: true, force: true });
}
