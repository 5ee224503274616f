import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith, textOf } from "../../plugins/testing/assertions.ts";
import { holdings, noMoreThan } from "../helpers/leaks.ts";
import { signalIfRunning } from "../helpers/processes.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec, connectTo } from "./bed.ts";
import { cgroupPids } from "./cgroup-files.ts";
import { otherProcess } from "./other-process.ts";

const piped = { stdin: "piped", stdout: "piped" } as const;

describe("streams on containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  const taskOf = async (id: string) => {
    return await (await (await bed.client.runtime()).loadContainer(id)).task();
  };

  const write = async (stream: WritableStream<Uint8Array>, text: string) => {
    const writer = stream.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  };

  it("C26 closeStdin() ends cat, as init and as a further process", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      const exec = await bed.client.exec(id, "cat", commandProcess(["cat"]), { stdio: piped });
      await write(exec.stdio.stdin, "kept");
      await bed.client.closeStdin(id, "cat");
      assert.equal(await textOf(exec.stdio.stdout), "kept");
      assertExited(await exec.wait(), 0);
      await write(task.stdio.stdin, "kept, too");
      await bed.client.closeStdin(id, "init");
      assert.equal(await textOf(task.stdio.stdout), "kept, too");
      assertExited(await task.wait(), 0);
    });
  });

  it("C26 an input that is closed at once ends cat every time", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      for (let round = 0; round < scale(10, 500); round++) {
        const exec = await bed.client.exec(id, `cat-${round}`, commandProcess(["cat"]), {
          stdio: ({ stdin }) => stdin.close(),
        });
        assertExited(await exec.wait(), 0);
      }
    });
  });

  it("C27 the last line of a large terminal output is always there", async () => {
    const lines = scale(20_000, 1_000_000);
    await bed.withRunning(["sleep", "3600"], async (id) => {
      for (let round = 0; round < scale(3, 100); round++) {
        const process = commandProcess(["seq", "1", `${lines}`], { terminal: true });
        const exec = await bed.client.exec(id, `seq-${round}`, process, {
          stdio: { stdout: "piped" },
        });
        const text = await textOf(exec.stdio.stdout);
        assertExited(await exec.wait(), 0);
        assert.equal(text.length, lengthOfLines(lines));
        assert.ok(text.endsWith(`\r\n${lines}\r\n`));
      }
    });
  });

  it("C28 restore() attaches to init after its maker was killed: before and after come back", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      assert.equal(await otherProcess(() => bed.daemon).startPiped(id, "before"), "before");
      const { alive, process } = await bed.client.restore(id, { stdio: piped });
      assert.ok(alive && process?.stdio.stdin);
      await write(process.stdio.stdin, "after");
      await bed.client.closeStdin(id, "init");
      assert.equal(await textOf(process.stdio.stdout), "after");
      assertExited(await process.wait(), 0);
    });
  });

  it("C28 loadProcess() attaches to a further process after its maker was killed", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      assert.equal(await otherProcess(() => bed.daemon).execPiped(id, "before"), "before");
      const exec = await (await taskOf(id)).loadProcess("copy", { stdio: piped });
      const { stdin, stdout } = exec.stdio;
      assert.ok(stdin && stdout);
      await write(stdin, "after");
      await stdin.close();
      assert.equal(await textOf(stdout), "after");
      assertExited(await exec.wait(), 0);
      await exec.delete();
    });
  });

  it("C29 a child that keeps the output: wait() ends after the budget and says truncated", async () => {
    await bed.withClient(async (client) => {
      await bed.withRunning(["sleep", "3600"], async (id) => {
        const task = await (await (await client.runtime()).loadContainer(id)).task();
        const process = commandProcess("sleep 3600 & echo first");
        const exec = await task.exec("parent", process, { stdio: { stdout: "piped" } });
        await exec.start();
        const status = assertExited(await exec.wait(), 0);
        assert.equal(status.truncated, true);
        // The reader is not kept waiting for what nobody wants to wait for any more.
        assert.ok(exec.stdio.stdout);
        assert.equal(await textOf(exec.stdio.stdout), "first\n");
        // The shim waits up to 10 s for the output before it forgets the process.
        for (const pid of cgroupPids(bed.daemon.namespace, id)) {
          if (pid !== task.pid) signalIfRunning(pid, "SIGKILL");
        }
        assert.deepEqual(await exec.delete(), status);
      });
    }, { drainBudgetMs: 200 });
  });

  it("C29 a child that ends within the budget: wait() has its output, too", async () => {
    await bed.withClient(async (client) => {
      await bed.withRunning(["sleep", "3600"], async (id) => {
        const process = commandProcess("(sleep 0.3; echo late) & echo first");
        const exec = await client.exec(id, "parent", process, { stdio: { stdout: "piped" } });
        const status = assertExited(await exec.wait(), 0);
        assert.equal(status.truncated, false);
        assert.equal(await textOf(exec.stdio.stdout), "first\nlate\n");
      });
    }, { drainBudgetMs: 60_000 });
  });

  it("C30 no pipe and no descriptor is left after ends, failed starts and closed clients", async () => {
    const options = { daemon: bed.daemon, fifoDirs: [bed.daemon.home] };
    const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const round = async (index: number) => {
        const exec = await bed.client.exec(id, `ok-${index}`, commandProcess("echo x"), { stdio });
        await textOf(exec.stdio.stdout);
        await exec.wait();
        const tty = commandProcess("echo x", { terminal: true });
        const shell = await bed.client.exec(id, `tty-${index}`, tty, { stdio: piped });
        await textOf(shell.stdio.stdout);
        await shell.wait();
        const missing = commandProcess(["no-such-program"]);
        const failed = bed.client.exec(id, `bad-${index}`, missing, { stdio });
        await rejectsWith(failed, "invalid_argument");
        await bed.withContainer(commandSpec(["no-such-program"]), async (bad) => {
          await rejectsWith(bed.client.start(bad, { stdio }), "invalid_argument");
        });
        const client = connectTo(bed.daemon);
        const gone = await client.exec(id, `gone-${index}`, commandProcess(["cat"]), { stdio });
        await gone.stdio.stdin.close();
        await gone.wait();
        await client[Symbol.asyncDispose]();
      };
      await round(0); // what a runtime opens once and keeps
      const before = holdings(options);
      for (let index = 1; index <= scale(3, 200); index++) await round(index);
      await noMoreThan(before, options);
    });
  });

  it("C31 resize() before start() is what stty prints", async () => {
    const spec = commandSpec(["stty", "size"], { terminal: true });
    await bed.withContainer(spec, async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const task = await container.newTask({ stdio: { stdout: "piped" } });
      await task.resize({ columns: 12, rows: 34 });
      await task.start();
      assert.ok(task.stdio.stdout);
      assert.equal(await textOf(task.stdio.stdout), "34 12\r\n");
      assertExited(await task.wait(), 0);
      await task.delete();
    });
  });

  it("C31 resize() of a further process before its start() holds from its start on", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const process = commandProcess("read -r line; stty size", { terminal: true });
      const exec = await (await taskOf(id)).exec("shell", process, { stdio: piped });
      const { stdin, stdout } = exec.stdio;
      assert.ok(stdin && stdout);
      await exec.resize({ columns: 12, rows: 34 });
      await exec.start();
      await write(stdin, "\n");
      assert.equal(await textOf(stdout), "\r\n34 12\r\n");
      assertExited(await exec.wait(), 0);
      await exec.delete();
    });
  });

  it("C31 resizeTerminal() refuses bad sizes, and a container that does not run", async () => {
    await bed.withContainer(commandSpec("true", { terminal: true }), async (id) => {
      for (const columns of [NaN, -1, 0, 2 ** 32, 65_536, 1.5]) {
        const call = bed.client.resizeTerminal(id, "init", { columns, rows: 24 });
        await rejectsWith(call, "invalid_argument", { field: "columns" });
      }
      const size = { columns: 80, rows: 24 };
      await rejectsWith(bed.client.resizeTerminal(id, "init", size), "failed_precondition");
      await bed.client.start(id);
      await bed.client.wait(id);
      await rejectsWith(bed.client.resizeTerminal(id, "init", size), "failed_precondition");
    });
  });
});

/** How many bytes the numbers from 1 on take, each with a carriage return and a line feed. */
function lengthOfLines(count: number): number {
  let length = 0;
  for (let first = 1, digits = 1; first <= count; first *= 10, digits++) {
    length += (Math.min(count, first * 10 - 1) - first + 1) * (digits + 2);
  }
  return length;
}
