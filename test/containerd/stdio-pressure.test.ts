import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { assertExited, textOf } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec } from "./bed.ts";
import {
  ENDLESS_NUMBERS,
  LINE_BYTES,
  NumberLines,
  numberLines,
} from "./stdio-support/number-lines.ts";
import { eventually } from "../helpers/eventually.ts";
import { untilStalled, writtenBytes } from "./stdio-support/writer.ts";

/** All that may be on its way: in the pipes, in the shim and read ahead here. */
const IN_FLIGHT_BYTES = 1024 * 1024;
/** More than that, so that nobody writes it all without somebody who reads. */
const longCount = 400_000;
const piped = { stdout: "piped", stderr: "piped" } as const;

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

describe("back-pressure of stdio on containerd", () => {
  it("a slow reader stalls the process, keeps memory flat and misses nothing", async () => {
    await bed.withContainer(commandSpec(ENDLESS_NUMBERS), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
      const reader = task.stdio.stdout.getReader();
      const lines = new NumberLines();
      const memoryBytes: number[] = [];
      for (let pause = 0; pause < scale(4, 30); pause++) {
        const written = await untilStalled(task.pid);
        const ahead = written - lines.positionBytes;
        assert.ok(ahead > 0 && ahead < IN_FLIGHT_BYTES, `${ahead} bytes are on their way`);
        memoryBytes.push(process.memoryUsage().rss);
        await lines.takeFrom(reader, 2_000_000);
      }
      const [first = 0, last = 0] = [memoryBytes[1], memoryBytes.at(-1)];
      console.log(`memory over ${lines.positionBytes} bytes grew by ${last - first} bytes`);
    });
  });

  it("a process whose output nobody begins to read stalls, too", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      await bed.client.start(id);
      const process = commandProcess(ENDLESS_NUMBERS);
      const handle = await bed.client.exec(id, "writer", process, {
        stdio: { stderr: "null", stdout: "piped" },
      });
      const written = await untilStalled(handle.pid);
      assert.ok(written < IN_FLIGHT_BYTES, `${written} bytes are on their way`);
      await new NumberLines().takeFrom(handle.stdio.stdout.getReader(), written + 1);
      await eventually("it writes on", () => writtenBytes(handle.pid) > written);
    });
  });

  it("stdout is read to its end while stderr stalls, for each has a pipe of its own", async () => {
    const script = `${numberLines(longCount)} >&2 & ${numberLines(longCount)}; wait`;
    await bed.withContainer(commandSpec(script), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      const stdout = task.stdio.stdout.getReader();
      await new NumberLines().takeFrom(stdout, longCount * LINE_BYTES);
      assert.equal((await task.status()).state, "running");
      await new NumberLines().takeAll(task.stdio.stderr, longCount);
      assertExited(await task.wait(), 0);
    });
  });

  it("a process that fills stderr comes to stdout once stderr is read", async () => {
    const script = `${numberLines(longCount)} >&2; echo done`;
    await bed.withContainer(commandSpec(script), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      let isDone = false;
      const done = textOf(task.stdio.stdout).finally(() => isDone = true);
      // The shell waits for the one that writes.
      const pids = await bed.client.listPids(id);
      await untilStalled(pids.find((pid) => pid !== task.pid) ?? task.pid);
      assert.equal(isDone, false);
      await new NumberLines().takeAll(task.stdio.stderr, longCount);
      assert.equal(await done, "done\n");
      assertExited(await task.wait(), 0);
    });
  });

  it("cancel() of stdout in the middle lets the process go on to its end", async () => {
    const script = `${numberLines(longCount)}; echo done >&2; exit 7`;
    await bed.withContainer(commandSpec(script), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      const reader = task.stdio.stdout.getReader();
      await new NumberLines().takeFrom(reader, 100_000);
      await reader.cancel();
      assert.equal(await textOf(task.stdio.stderr), "done\n");
      assert.equal(assertExited(await task.wait(), 7).truncated, false);
    });
  });

  it("cancel() of an output that nobody has read yet lets the process go on", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      await bed.client.start(id);
      const process = commandProcess(
        `${numberLines(longCount)}; ${numberLines(longCount)} >&2; exit 8`,
      );
      const handle = await bed.client.exec(id, "writer", process, { stdio: piped });
      await Promise.all([handle.stdio.stdout.cancel(), handle.stdio.stderr.cancel()]);
      assertExited(await handle.wait(), 8);
    });
  });
});
