import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { assertExited, textOf } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import type { Process } from "../../src/runtime.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";
import { inParallel } from "./stdio-support/in-parallel.ts";
import { Random } from "./stdio-support/random.ts";
import { SlowRunc } from "./stdio-support/slow-runc.ts";

const piped = { stdin: "piped", stdout: "piped" } as const;
const slowRunc = new SlowRunc();

let bed: Bed;

before(async () => {
  bed = await Bed.start({ runcDir: slowRunc.dir });
});
after(async () => {
  await bed?.stop();
  slowRunc.remove();
});

/** When the input is written and closed. */
const moments = [
  "before start() is called",
  "before start() answers",
  "after it answered",
] as const;

/** Starts `cat`, gives it an input at some moment, and expects that it comes back. */
async function echoes(
  process: Process,
  text: string,
  moment: (typeof moments)[number],
): Promise<void> {
  const { stdin, stdout } = process.stdio;
  assert.ok(stdin && stdout);
  const output = textOf(stdout);
  output.catch(() => {});
  const feed = async () => {
    const writer = stdin.getWriter();
    if (text !== "") writer.write(new TextEncoder().encode(text));
    await writer.close();
  };
  if (moment === "before start() is called") {
    await feed();
    await process.start();
  } else if (moment === "before start() answers") {
    await Promise.all([process.start(), feed()]);
  } else {
    await process.start();
    await feed();
  }
  assertExited(await process.wait(), 0);
  assert.equal(await output, text);
}

describe("short input on containerd", () => {
  it("close() of stdin ends cat whenever it comes, however slowly the process comes up", async () => {
    const random = new Random(34);
    const delays = () => ({ beforeMs: random.below(21), afterMs: random.below(21) });
    await inParallel(scale(20, 250), 4, async (index) => {
      const id = bed.newId();
      for (const command of ["create", "start", "exec"] as const) {
        slowRunc.delay(command, id, delays());
      }
      const moment = (shift: number) => moments[(index + shift) % 3] ?? moments[0];
      const text = index % 4 === 0 ? "" : `line ${index}\n`.repeat(1 + random.below(40));
      await bed.client.create(id, commandSpec(["cat"]), SHIM);
      try {
        const runtime = await bed.client.runtime();
        const container = await runtime.loadContainer(id);
        const task = await container.newTask({ stdio: piped });
        await echoes(task, text, moment(0));
        await task.delete();

        const host = await container.newTask({ stdio: piped });
        await host.start();
        const further = await host.exec("cat", commandProcess(["cat"]), { stdio: piped });
        await echoes(further, text, moment(1));
        await further.delete();
        await host.closeStdin();
        assertExited(await host.wait(), 0);
        await host.delete();
      } finally {
        await bed.remove(id);
      }
    });
  });

  it("long input reaches cat whole, and ends it, however slowly the process comes up", async () => {
    const random = new Random(64);
    const part = random.bytes(2 ** 20);
    const parts = scale(4, 64);
    const hash = createHash("md5");
    for (let index = 0; index < parts; index++) hash.update(part);
    const expected = `${hash.digest("hex")}  -\n`;
    await inParallel(scale(6, 500), 2, async () => {
      await bed.withContainer(commandSpec("cat | md5sum"), async (id) => {
        for (const command of ["create", "start"] as const) {
          slowRunc.delay(command, id, { beforeMs: random.below(21), afterMs: random.below(21) });
        }
        const task = await bed.client.start(id, { stdio: piped });
        const writer = task.stdio.stdin.getWriter();
        const output = textOf(task.stdio.stdout);
        for (let index = 0; index < parts; index++) await writer.write(part);
        await writer.close();
        assert.equal(await output, expected);
        assertExited(await task.wait(), 0);
      });
    });
  });

  it("text that is cut at any byte is decoded right, from stdout and from stderr", async () => {
    const text = "aé€𝄞ü日本\n";
    const bytes = new TextEncoder().encode(text);
    for (const [script, name] of [["cat", "stdout"], ["cat >&2", "stderr"]] as const) {
      await bed.withContainer(commandSpec(script), async (id) => {
        const task = await bed.client.start(id, {
          stdio: { stdin: "piped", stdout: "piped", stderr: "piped" },
        });
        let arrived = 0;
        let onArrival = () => {};
        const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(chunk, controller) {
            arrived += chunk.byteLength;
            controller.enqueue(chunk);
            onArrival();
          },
        });
        const decoded = task.stdio[name].pipeThrough(counted).pipeThrough(new TextDecoderStream());
        const whole = (async () => {
          let whole = "";
          for await (const part of decoded) whole += part;
          return whole;
        })();
        const writer = task.stdio.stdin.getWriter();
        let sent = 0;
        for (let cut = 0; cut <= bytes.byteLength; cut++) {
          for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
            await writer.write(part);
            sent += part.byteLength;
            // The next part is written when this one has come through, so they never meet.
            while (arrived < sent) await new Promise<void>((resolve) => onArrival = resolve);
          }
        }
        await writer.close();
        assert.equal(await whole, text.repeat(bytes.byteLength + 1));
        assertExited(await task.wait(), 0);
      });
    }
  });

  it("write() to a process that does not read waits, and the end of the process ends it", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      const writer = task.stdio.stdin.getWriter();
      let isWritten = false;
      // More than all pipes hold.
      const writing = writer.write(new Uint8Array(4 * 2 ** 20)).then(() => isWritten = true);
      const rejected = assert.rejects(writing, { code: "failed_precondition" });
      await bed.client.status(id);
      assert.equal(isWritten, false);
      await task.kill("KILL");
      await rejected;
      await assert.rejects(writer.closed);
      assertExited(await task.wait(), 137);
    });
  });
});
