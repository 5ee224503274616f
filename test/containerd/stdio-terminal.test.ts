import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, textOf } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";
import { inParallel } from "./stdio-support/in-parallel.ts";
import { NumberLines, numberLines } from "./stdio-support/number-lines.ts";

const piped = { stdin: "piped", stdout: "piped" } as const;
const terminal = { terminal: true };

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

async function write(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

/** Reads until a text has come. */
async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  wanted: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(wanted)) {
    const { value } = await reader.read();
    if (value === undefined) assert.fail(`Ended without ${JSON.stringify(wanted)}: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

describe("terminals on containerd", () => {
  it("resize() before start() is the size that a first process finds", async () => {
    await bed.withContainer(commandSpec(["stty", "size"], terminal), async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const task = await container.newTask({ stdio: piped });
      const { stdout } = task.stdio;
      assert.ok(stdout);
      await task.resize({ columns: 12, rows: 34 });
      await task.start();
      assert.equal(await textOf(stdout), "34 12\r\n");
      assertExited(await task.wait(), 0);
      await task.delete();
    });
  });

  it("resizeTerminal() tells the process by SIGWINCH", async () => {
    const script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done";
    await bed.withContainer(commandSpec(script, terminal), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      const reader = task.stdio.stdout.getReader();
      await readUntil(reader, "ready\r\n");
      await bed.client.resizeTerminal(id, "init", { columns: 56, rows: 78 });
      await readUntil(reader, "78 56\r\n");
      assertExited(await task.wait(), 0);
    });
  });

  it("input is echoed, lines end in CR LF, errors are in stdout, and ^D ends cat", async () => {
    for (const kind of ["first", "further"] as const) {
      const script = "echo to err >&2; exec cat";
      const command = kind === "first" ? script : ["sleep", "3600"];
      const spec = commandSpec(command, kind === "first" ? terminal : {});
      await bed.withContainer(spec, async (id) => {
        const task = await bed.client.start(id, kind === "first" ? { stdio: piped } : {});
        const handle = kind === "first"
          ? task
          : await bed.client.exec(id, "tty", commandProcess(script, terminal), { stdio: piped });
        const { stdin, stdout, stderr } = handle.stdio;
        assert.ok(stdin && stdout);
        assert.equal(stderr, null);
        const reader = stdout.getReader();
        assert.equal(await readUntil(reader, "\r\n"), "to err\r\n");
        await write(stdin, "typed\n");
        assert.equal(await readUntil(reader, "typed\r\ntyped\r\n"), "typed\r\ntyped\r\n");
        await write(stdin, "\x04");
        assert.equal((await reader.read()).done, true);
        assertExited(await handle.wait(), 0);
      });
    }
  });

  it("closeStdin() of a terminal hangs up", async () => {
    await bed.withContainer(commandSpec("echo ready; exec cat", terminal), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      const reader = task.stdio.stdout.getReader();
      await readUntil(reader, "ready\r\n");
      await bed.client.closeStdin(id, "init");
      const status = await task.wait();
      assert.equal(status.state, "exited");
      assert.equal((await reader.read()).done, true);
    });
  });

  it("a terminal loses nothing of a long output before the end", async () => {
    const count = scale(20_000, 1_000_000);
    const workers = 2;
    await inParallel(scale(10, 100), workers, async () => {
      const id = bed.newId();
      await bed.client.create(id, commandSpec(numberLines(count), terminal), SHIM);
      try {
        const task = await bed.client.start(id, { stdio: piped });
        await new NumberLines({ newline: "\r\n" }).takeAll(task.stdio.stdout, count);
        assert.equal(assertExited(await task.wait(), 0).truncated, false);
      } finally {
        await bed.remove(id);
      }
    });
  });

  it("a terminal that is read only after the end gives everything", async () => {
    await inParallel(scale(5, 50), 2, async () => {
      const id = bed.newId();
      const count = 300;
      await bed.client.create(id, commandSpec(numberLines(count), terminal), SHIM);
      try {
        const task = await bed.client.start(id, { stdio: { stdout: "piped" } });
        assertExited(await task.wait(), 0);
        await bed.client.deleteTask(id);
        await new NumberLines({ newline: "\r\n" }).takeAll(task.stdio.stdout, count);
      } finally {
        await bed.remove(id);
      }
    });
  });
});
