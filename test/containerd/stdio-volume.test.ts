import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { assertExited } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec } from "./bed.ts";
import { LONG_PADDING_BYTES, longLines, NumberLines } from "./stdio-support/number-lines.ts";
import { Random } from "./stdio-support/random.ts";

const LINE_BYTES = 1024;
const lineCount = Math.ceil(scale(50, 500) * 1_000_000 / LINE_BYTES);
const checkLines = () => new NumberLines({ paddingBytes: LONG_PADDING_BYTES });
const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

/** Tells how fast it went, for the log. */
async function measured(what: string, sizeBytes: number, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const megabytes = sizeBytes / 1_000_000;
  console.log(`${what}: ${Math.round(megabytes)} MB, ${Math.round(megabytes / seconds)} MB/s`);
}

describe("volume of stdio on containerd", () => {
  it("stdout gives every byte of a long output, in order", async () => {
    await bed.withContainer(commandSpec(longLines(lineCount)), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
      await measured("stdout", lineCount * LINE_BYTES, async () => {
        await checkLines().takeAll(task.stdio.stdout, lineCount);
      });
      assert.equal(assertExited(await task.wait(), 0).truncated, false);
    });
  });

  it("stderr gives every byte of a long output, in order", async () => {
    await bed.withContainer(commandSpec(`{ ${longLines(lineCount)}; } >&2`), async (id) => {
      const task = await bed.client.start(id, { stdio: { stderr: "piped" } });
      await measured("stderr", lineCount * LINE_BYTES, async () => {
        await checkLines().takeAll(task.stdio.stderr, lineCount);
      });
      assert.equal(assertExited(await task.wait(), 0).truncated, false);
    });
  });

  it("stdout and stderr of a further process give every byte side by side", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const count = Math.ceil(lineCount / 10);
      const script = `{ ${longLines(count)}; } >&2 & ${longLines(count)}; wait`;
      const handle = await bed.client.exec(id, "both", commandProcess(script), { stdio: piped });
      await Promise.all([
        checkLines().takeAll(handle.stdio.stdout, count),
        checkLines().takeAll(handle.stdio.stderr, count),
      ]);
      assert.equal(assertExited(await handle.wait(), 0).truncated, false);
    });
  });

  it("stdin carries every byte of a long input to cat and back", async () => {
    const megabytes = scale(8, 64);
    const random = new Random(megabytes);
    const sent = createHash("sha256");
    const echoed = createHash("sha256");
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const { stdio, ...task } = await started(id);
      await measured("stdin and back", megabytes * 2 ** 20, async () => {
        await Promise.all([
          (async () => {
            const writer = stdio.stdin.getWriter();
            for (let part = 0; part < megabytes; part++) {
              const bytes = random.bytes(2 ** 20);
              sent.update(bytes);
              await writer.write(bytes);
            }
            await writer.close();
          })(),
          (async () => {
            for await (const chunk of stdio.stdout) echoed.update(chunk);
          })(),
        ]);
      });
      assert.equal(echoed.digest("hex"), sent.digest("hex"));
      assertExited(await task.wait(), 0);
    });
  });
});

async function started(id: string) {
  const task = await bed.client.start(id, { stdio: { stdin: "piped", stdout: "piped" } });
  return { stdio: task.stdio, wait: () => task.wait() };
}
