import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import {
  ManualClock,
  memory,
  MemoryHost,
  type ProgramContext,
  script,
} from "../../plugins/memory/mod.ts";
import { assertExited, rejectsWith, textOf, writeAll } from "../../plugins/testing/assertions.ts";
import { eventually } from "../helpers/eventually.ts";
import { commandSpec, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

describe("programs", () => {
  it("a program may end without looking at what it has begun", async () => {
    const left: Promise<string>[] = [];
    const programs = {
      hasty({ readLine, sleep, print }: ProgramContext) {
        // Whoever looks later is told all the same.
        const begun = [readLine(), sleep(1_000_000_000)];
        left.push(...begun.map((each) => each.then(() => "resolved", () => "rejected")));
        readLine();
        sleep(Infinity);
        print("x");
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["hasty"]), SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped", stdout: "piped" } });
      assertExited(await task.wait(), 0);
      assert.equal(await textOf(task.stdio.stdout), "x");
      assert.deepEqual(await Promise.all(left), ["rejected", "rejected"]);
    });
  });

  it("programs give their code; one that throws prints why and ends with 1", async () => {
    const programs = {
      throws: () => {
        throw new RangeError("too far");
      },
      nothing: (() => undefined) as never,
      large: () => 256 + 7,
    };
    await runOn({ programs }, async ({ client }) => {
      for (
        const [name, code, text] of [
          ["throws", 1, "RangeError: too far\n"],
          ["nothing", 1, "TypeError: A program must give its exit code, not undefined\n"],
          ["large", 7, ""],
        ] as const
      ) {
        await client.create("c", commandSpec([name]), SHIM);
        const task = await client.start("c", { stdio: piped });
        assertExited(await task.wait(), code);
        assert.equal(await textOf(task.stdio.stderr), text);
        await client.delete("c", { force: true });
      }
    });
  });

  it("programs have arguments, environment, folder and pid", async () => {
    let seen: unknown;
    const programs = {
      look: ({ args, env, cwd, pid, terminalSize }: ProgramContext) => {
        seen = { args, env: env["NAME"], cwd, pid, terminalSize: terminalSize() };
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      const spec = commandSpec(["/usr/local/bin/look", "-l"]);
      const process = { cwd: "/srv", env: ["NAME=a=b"], args: spec.process?.args ?? [] };
      await client.create("c", { ...spec, process: { ...spec.process, ...process } }, SHIM);
      const task = await client.start("c");
      await task.wait();
      assert.deepEqual(seen, {
        args: ["/usr/local/bin/look", "-l"],
        env: "a=b",
        cwd: "/srv",
        pid: task.pid,
        terminalSize: undefined,
      });
    });
  });

  it("a program that cannot be run is exit code 126, one that is missing 127", async () => {
    await runOn({}, async ({ client }) => {
      for (const [name, exitCode] of [["not-executable", 126], ["toString", 127]] as const) {
        await client.create(name, commandSpec([name]), SHIM);
        const error = await rejectsWith(client.start(name), "invalid_argument", {
          containerId: name,
        });
        assert.equal(error.exitCode, exitCode);
        await client.delete(name);
      }
    });
  });

  it("echo and cat do what they do elsewhere", async () => {
    await runOn({}, async ({ client }) => {
      for (
        const [args, output, code] of [
          [["echo", "a", "b"], "a b\n", 0],
          [["echo", "-n", "a"], "a", 0],
          [["/bin/cat", "-"], "in", 0],
          [["cat", "/etc/passwd"], "", 1],
          [["true"], "", 0],
          [["false"], "", 1],
          [["sleep", "soon"], "", 1],
        ] as const
      ) {
        await client.create("c", commandSpec(args), SHIM);
        const stdin = new Blob(["in"]).stream();
        const task = await client.start("c", { stdio: { stdin, stdout: "piped" } });
        assert.equal(await textOf(task.stdio.stdout), output, args.join(" "));
        assertExited(await task.wait(), code);
        await client.delete("c", { force: true });
      }
    });
  });

  it("sleep waits by the clock of the host, in the units that it is given", async () => {
    const clock = new ManualClock(1_700_000_000_000);
    await runOn({ clock }, async ({ client, host }) => {
      await client.create("c", commandSpec(["sleep", "1.5h", "30m"]), SHIM);
      const task = await client.start("c");
      await clock.advance(7_199_999);
      assert.equal((await client.status("c")).state, "running");
      assert.equal(host.residue().timers, 1);
      await clock.advance(1);
      const { exitedAt } = assertExited(await task.wait(), 0);
      assert.equal(exitedAt.getTime(), 1_700_000_000_000 + 7_200_000);
    });
  });

  it("output that is not read holds a program up, also at its end, and is all there", async () => {
    const size = 300_000;
    let written = 0;
    const programs = {
      async flood(context: ProgramContext) {
        const writer = context.stdout.getWriter();
        for (; written < size; written += 1000) await writer.write(new Uint8Array(1000));
        // Nobody waits for this one: the end of the program does.
        writer.write(new Uint8Array(70_000)).catch(() => {});
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["flood"]), SHIM);
      const task = await client.start("c", { stdio: { stdout: "piped" } });
      const reader = task.stdio.stdout.getReader();
      let read = (await reader.read()).value?.byteLength ?? 0;
      // The pipe holds 64 KiB, and a chunk waits for room.
      assert.ok(written <= 65_536 + 2000 + read, `${written} written`);
      assert.equal((await client.status("c")).state, "running");
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        read += next.value.byteLength;
      }
      assert.equal(read, size + 70_000);
      assertExited(await task.wait(), 0);
    });
  });

  it("a program ends once all is taken that it wrote without waiting", async () => {
    const programs = {
      hasty({ stdout }: ProgramContext) {
        const writer = stdout.getWriter();
        for (let i = 0; i < 4; i++) writer.write(new Uint8Array(70_000)).catch(() => {});
        return 3;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["hasty"]), SHIM);
      const task = await client.start("c", { stdio: { stdout: "piped" } });
      await new ManualClock().advance(0);
      assert.equal((await client.status("c")).state, "running");
      assert.equal((await textOf(task.stdio.stdout)).length, 280_000);
      assertExited(await task.wait(), 3);
    });
  });

  it("a program that is killed while it writes leaves nothing", async () => {
    const programs = {
      async flood(context: ProgramContext) {
        const writer = context.stdout.getWriter();
        for (let i = 0; i < 1000; i++) writer.write(new Uint8Array(1000)).catch(() => {});
        await writer.closed;
        return 0;
      },
    };
    await runOn({ programs }, async ({ client, host }) => {
      await client.create("c", commandSpec(["flood"]), SHIM);
      const task = await client.start("c", { stdio: { stdout: "piped" } });
      await client.signalProcess("c", "init", "KILL");
      assertExited(await task.wait(), 137);
      await task.stdio.stdout.cancel();
      await client.delete("c", { force: true });
      await eventually("the program has returned", () => host.residue().programs === 0);
      assert.equal(host.residue().streams, 0);
    });
  });

  it("output that is held open beyond the end is waited for, then cut and told as truncated", async () => {
    const released = Promise.withResolvers<void>();
    const programs = {
      parent(context: ProgramContext) {
        const release = context.holdOutput();
        (async () => {
          await released.promise;
          await context.print("child").catch(() => {});
          release();
        })();
        return 4;
      },
    };
    const host = new MemoryHost({ programs });
    const patient = await memory({ host, drainBudgetMs: 60_000 }).open();
    const hasty = await memory({ host, drainBudgetMs: 0 }).open();
    try {
      for (const runtime of [hasty, patient]) {
        const container = await runtime.createContainer({
          id: "c",
          spec: commandSpec(["parent"]),
          shim: SHIM,
          replace: true,
        });
        const task = await container.newTask({ stdio: { stdout: "piped" } });
        await task.start();
        if (runtime === patient) released.resolve();
        const status = assertExited(await task.wait(), 4);
        assert.equal(status.truncated, runtime === hasty);
        assert.ok(task.stdio.stdout);
        assert.equal(await textOf(task.stdio.stdout), runtime === hasty ? "" : "child");
      }
    } finally {
      await Promise.all([patient, hasty].map((runtime) => runtime[Symbol.asyncDispose]()));
      await host[Symbol.asyncDispose]();
    }
  });

  it("useMemory() shows in the stats, and beyond the limit ends the container", async () => {
    const program = script([{ useMemory: 1500 }, { useMemory: 1000 }, { readLine: true }, {
      useMemory: 3000,
    }, { waitMs: Infinity }]);
    await runOn({ programs: { program } }, async ({ client }) => {
      const spec = commandSpec(["program"]);
      await client.create("c", spec, SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped" } });
      await client.updateResources("c", { memory: { limit: 2000 } });
      const stats = await client.stats("c");
      assert.ok(stats.kind === "cgroup2");
      assert.equal(stats.memory?.usageBytes, 1000n);
      assert.equal(stats.memory?.maxUsageBytes, 1500n);
      assert.equal(stats.memory?.limitBytes, 2000n);
      await writeAll(task.stdio.stdin, "\n");
      assert.equal(assertExited(await task.wait(), 137).oomKilled, true);
    });
  });

  it("script() refuses what is no step, by its place", () => {
    for (
      const [step, field] of [
        [{ print: 1 }, "steps[1].print"],
        [{ exit: 256 }, "steps[1].exit"],
        [{ waitMs: -1 }, "steps[1].waitMs"],
        [{ print: "a", exit: 1 }, "steps[1]"],
        [{}, "steps[1]"],
        [null, "steps[1]"],
        [{ shout: "a" }, "shout"],
        [{ awaitSignal: "KILL" }, "steps[1].awaitSignal"],
        [{ awaitSignal: "NOPE" }, "signal"],
      ] as const
    ) {
      const make = () => script([{ exit: 0 }, step as never]);
      assert.throws(make, (error) => isContainerError(error) && error.field === field);
    }
    const bare = () => script("exit" as never);
    assert.throws(bare, (error) => isContainerError(error) && error.field === "steps");
  });
});
