import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { assertExited } from "../../plugins/testing/assertions.ts";
import { isStress, scale } from "../helpers/scale.ts";
import { Bed, commandSpec } from "./bed.ts";
import { LINE_BYTES, NumberLines, numberLines } from "./stdio-support/number-lines.ts";
import { untilStalled } from "./stdio-support/writer.ts";

/** The pools of Node and Bun have 4 and up to 32 threads: two readers each are more than those. */
const count = scale(20, 100);
/** Only a read that waits for a container takes so long. */
const HANG_MS = 10_000;
/** 2.7 MB: Bun on a busy machine was seen to read 0.7 MB ahead. */
const lineCount = 300_000;
const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

/** Reads a file a hundred times; gives how long the middle one took, in milliseconds. */
async function readFiles(): Promise<number> {
  const timesMs: number[] = [];
  for (let sample = 0; sample < 100; sample++) {
    const startedAt = performance.now();
    const hang = Promise.withResolvers<never>();
    const timer = setTimeout(() => hang.reject(new Error("A file is not read")), HANG_MS);
    try {
      await Promise.race([readFile(new URL(import.meta.url)), hang.promise]);
    } finally {
      clearTimeout(timer);
    }
    timesMs.push(performance.now() - startedAt);
  }
  return timesMs.sort((one, other) => one - other)[50] ?? NaN;
}

function report(when: string, medianMs: number): void {
  console.log(`a file read with ${count} containers ${when}: ${medianMs.toFixed(2)} ms`);
  // On a machine that others use at the same time the figure says nothing.
  if (isStress) assert.ok(medianMs < 50, `${medianMs} ms`);
}

describe("stdio of many containers on containerd", () => {
  it("readers of many containers hold no thread, and lose no line", async () => {
    // Each says that it runs, waits for a line, and then writes more than all pipes hold.
    const script = `echo ready; echo ready >&2; read -r line; exec sh -c '` +
      `{ ${numberLines(lineCount)}; } >&2 & ${numberLines(lineCount)}; wait'`;
    const ids = Array.from({ length: count }, () => bed.newId());
    try {
      const tasks = await Promise.all(ids.map(async (id) => {
        await bed.client.create(id, commandSpec(script), "io.containerd.runc.v2");
        return await bed.client.start(id, { stdio: piped });
      }));
      const readers = tasks.flatMap(({ stdio }) => [stdio.stdout, stdio.stderr])
        .map((stream) => stream.getReader());
      for (const reader of readers) {
        const { value } = await reader.read();
        assert.equal(new TextDecoder().decode(value), "ready\n");
      }

      // The next reads wait for containers, all of which wait for us.
      const firsts = readers.map((reader) => reader.read());
      report("that wait for input", await readFiles());

      const line = new TextEncoder().encode("go\n");
      await Promise.all(tasks.map(({ stdio }) => stdio.stdin.getWriter().write(line)));
      const checks = await Promise.all(firsts.map(async (first) => {
        const { value } = await first;
        const lines = new NumberLines();
        lines.take(value ?? new Uint8Array());
        return lines;
      }));
      await Promise.all(ids.map(allStalled));
      report("that wait for us to read", await readFiles());
      for (const task of tasks) assert.equal((await task.status()).state, "running");

      let isReading = true;
      const reading = Promise.all(readers.map(async (reader, index) => {
        for (let { value } = await reader.read(); value; { value } = await reader.read()) {
          checks[index]?.take(value);
        }
        assert.equal(checks[index]?.positionBytes, lineCount * LINE_BYTES);
      })).finally(() => isReading = false);
      const medianMs = await readFiles();
      if (isReading) report("that are being read", medianMs);
      await reading;
      for (const task of tasks) assert.equal(assertExited(await task.wait(), 0).truncated, false);
    } finally {
      await Promise.all(ids.map((id) => bed.remove(id)));
    }
  });
});

/** Waits until everything that writes in a container has come to a stand. */
async function allStalled(id: string): Promise<void> {
  const pids = await bed.client.listPids(id);
  await Promise.all(pids.map(async (pid) => {
    try {
      await untilStalled(pid);
    } catch (error) {
      // A shell makes processes that end at once; these write no more.
      if (existsSync(`/proc/${pid}`)) throw error;
    }
  }));
}
