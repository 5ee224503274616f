import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited } from "../../plugins/testing/assertions.ts";
import { Bed, commandProcess, commandSpec } from "./bed.ts";
import { LINE_BYTES, NumberLines, numberLines } from "./stdio-support/number-lines.ts";
import { eventually } from "../helpers/eventually.ts";
import { untilStalled } from "./stdio-support/writer.ts";

/** More than all pipes hold. */
const longCount = 200_000;

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

/** A sink that compares what it gets with the numbered lines. */
class CheckingSink {
  readonly lines: NumberLines = new NumberLines();
  readonly stream: WritableStream<Uint8Array>;
  #ended = "";

  constructor(beforeWrite: () => Promise<void> = () => Promise.resolve()) {
    this.stream = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        await beforeWrite();
        this.lines.take(chunk);
      },
      close: () => void (this.#ended = "closed"),
      abort: () => void (this.#ended = "aborted"),
    });
  }

  /** Asserts that it got so many lines and was closed. */
  async assertComplete(count: number): Promise<void> {
    await eventually("the sink is closed", () => this.#ended !== "");
    assert.equal(this.#ended, "closed");
    assert.equal(this.lines.positionBytes, count * LINE_BYTES);
  }
}

describe("streams of the caller on containerd", () => {
  it("outputs are pumped into WritableStreams, which are closed", async () => {
    const script = `${numberLines(longCount)} & ${numberLines(longCount)} >&2; wait`;
    await bed.withContainer(commandSpec(script), async (id) => {
      const [out, err] = [new CheckingSink(), new CheckingSink()];
      const stdio = { stdout: out.stream, stderr: err.stream };
      const task = await bed.client.start(id, { stdio });
      assert.deepEqual(task.stdio, { stdin: null, stdout: null, stderr: null });
      assert.equal(assertExited(await task.wait(), 0).truncated, false);
      await Promise.all([out.assertComplete(longCount), err.assertComplete(longCount)]);
    });
  });

  it("one WritableStream takes both outputs, in the order they were written", async () => {
    await bed.withContainer(commandSpec("echo 1; echo 2 >&2; echo 3; echo 4 >&2"), async (id) => {
      const texts: string[] = [];
      let isClosed = false;
      const sink = new WritableStream<Uint8Array>({
        write: (chunk) => void texts.push(new TextDecoder().decode(chunk)),
        close: () => void (isClosed = true),
      });
      const task = await bed.client.start(id, { stdio: { stdout: sink, stderr: sink } });
      assertExited(await task.wait(), 0);
      await eventually("the sink is closed", () => isClosed);
      // Two copiers share the pipe, so only the order within each is the process's.
      const lines = texts.join("").trim().split("\n");
      assert.deepEqual(lines.filter((line) => "13".includes(line)), ["1", "3"]);
      assert.deepEqual(lines.filter((line) => "24".includes(line)), ["2", "4"]);
      assert.equal(lines.length, 4);
    });
  });

  it("a slow WritableStream stalls the process and misses nothing", async () => {
    await bed.withContainer(commandSpec(["sleep", "3600"]), async (id) => {
      await bed.client.start(id);
      const gate = Promise.withResolvers<void>();
      const sink = new CheckingSink(() => gate.promise);
      const process = commandProcess(numberLines(longCount).split(" "));
      const handle = await bed.client.exec(id, "writer", process, {
        stdio: { stdout: sink.stream },
      });
      assert.ok(await untilStalled(handle.pid) < longCount * LINE_BYTES);
      gate.resolve();
      assert.equal(assertExited(await handle.wait(), 0).truncated, false);
      await sink.assertComplete(longCount);
    });
  });

  it("a WritableStream that fails ends the pump, not the process", async () => {
    const script = `${numberLines(longCount)}; exit 4`;
    await bed.withContainer(commandSpec(script), async (id) => {
      let writes = 0;
      const sink = new WritableStream<Uint8Array>({
        write: () => {
          writes++;
          throw new Error("disk full");
        },
      });
      const task = await bed.client.start(id, { stdio: { stdout: sink } });
      assert.equal(assertExited(await task.wait(), 4).truncated, true);
      assert.equal(writes, 1);
    });
  });

  it("a ReadableStream is pumped into stdin, and its end ends the input", async () => {
    const chunks = Array.from({ length: 64 }, (_, index) => new Uint8Array(10_000).fill(index));
    let next = 0;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks[next++];
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
    });
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdin: source, stdout: "piped" } });
      const echoed = new Uint8Array(await new Response(task.stdio.stdout).arrayBuffer());
      assert.equal(echoed.byteLength, 640_000);
      assert.ok(echoed.every((byte, index) => byte === Math.floor(index / 10_000)));
      assertExited(await task.wait(), 0);
    });
  });

  it("a ReadableStream that fails ends the input with what it gave before", async () => {
    let pulls = 0;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(new TextEncoder().encode("the first part"));
        else controller.error(new Error("source failed"));
      },
    });
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdin: source, stdout: "piped" } });
      assert.equal(await new Response(task.stdio.stdout).text(), "the first part");
      assertExited(await task.wait(), 0);
    });
  });

  it("a ReadableStream without an end is cancelled when the process has ended", async () => {
    const cancelled = Promise.withResolvers<void>();
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel: () => cancelled.resolve(),
    });
    await bed.withContainer(commandSpec(["head", "-c", "100000"]), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdin: source, stdout: "piped" } });
      const taken = await new Response(task.stdio.stdout).arrayBuffer();
      assert.equal(taken.byteLength, 100_000);
      assertExited(await task.wait(), 0);
      await cancelled.promise;
    });
  });

  it("a ReadableStream that gives nothing is cancelled when the process has ended", async () => {
    const cancelled = Promise.withResolvers<void>();
    const source = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const process = commandProcess("exit 9");
      const handle = await bed.client.exec(id, "brief", process, { stdio: { stdin: source } });
      assertExited(await handle.wait(), 9);
      await cancelled.promise;
    });
  });
});
