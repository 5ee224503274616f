import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ReadSink } from "../../plugins/fifo/backend.ts";
import { chooseHost, type Host } from "../../plugins/fifo/choose-backend.ts";
import { type FifoFolder, FifoFolders } from "../../plugins/fifo/folder.ts";
import { Keeper } from "../../plugins/fifo/keeper.ts";
import { makeFifos } from "../../plugins/fifo/mkfifo.ts";
import { systemCode } from "../../plugins/fifo/system-error.ts";
import { eventually } from "../helpers/eventually.ts";
import { openDescriptors } from "../helpers/leaks.ts";
import { assertSameBytes, backendsHere, pattern, Setting, withSetting } from "./setting.ts";
import { startShim } from "./shim.ts";

/** A FIFO with its host, gone after the body. */
interface Bench {
  readonly host: Host;
  readonly path: string;
  readonly keeper: Keeper;
}

function withFifo(
  backend: (typeof backendsHere)[number],
  body: (bench: Bench, setting: Setting) => Promise<void>,
): () => Promise<void> {
  return withSetting(async (setting) => {
    const folders = new FifoFolders({ directory: setting.fifoFolder });
    const host = await chooseHost(folders, { backend });
    const folder: FifoFolder = folders.make();
    const path = join(folder.path, "pipe");
    await makeFifos([path], host.libc);
    folder.add(path);
    const keeper = new Keeper(host.descriptors, path);
    try {
      await body({ host, path, keeper }, setting);
    } finally {
      keeper.close();
      folder.remove();
    }
  });
}

/** Collects what a reader delivers. */
class Collector implements ReadSink {
  readonly chunks: Uint8Array[] = [];
  readonly ended: Promise<unknown>;
  readonly end: (error?: unknown) => void;
  answer: "pause" | "more" = "more";
  onData: () => void = () => {};

  constructor() {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.ended = promise;
    this.end = resolve;
  }

  data(chunk: Uint8Array): "pause" | "more" {
    this.chunks.push(chunk);
    this.onData();
    return this.answer;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.chunks));
  }
}

/** How often this process has a path open. */
function openCount(path: string): number {
  return [...openDescriptors().values()].filter((each) => each === path).length;
}

for (const name of backendsHere) {
  describe(`Backend "${name}"`, () => {
    it(
      "openReader() delivers 3 MiB byte for byte, then the end",
      withFifo(name, async (bench, setting) => {
        const data = pattern(3 * 1024 * 1024 + 7);
        const file = join(setting.folder, "data");
        writeFileSync(file, data);
        const sink = new Collector();
        const reader = bench.host.backend.openReader(bench.path, sink);
        const shim = startShim({ stdout: bench.path }, `cat '${file}' >&3`);
        await shim.opened;
        bench.keeper.close();
        reader.keepAlive("needed");
        reader.resume();
        assert.equal(await sink.ended, undefined);
        assertSameBytes(sink.bytes(), data);
        await reader.close();
        assert.equal(await shim.ended, 0);
      }),
    );

    it(
      "openReader() delivers the end of a pipe that nothing was written to",
      withFifo(name, async (bench) => {
        const sink = new Collector();
        const reader = bench.host.backend.openReader(bench.path, sink);
        reader.keepAlive("needed");
        reader.resume();
        bench.keeper.close();
        assert.equal(await sink.ended, undefined);
        assert.equal(sink.bytes().byteLength, 0);
        await reader.close();
      }),
    );

    it(
      "openReader() does not end before the first writer while a keeper is held",
      withFifo(name, async (bench) => {
        const sink = new Collector();
        let hasEnded = false;
        sink.ended.then(() => hasEnded = true);
        const reader = bench.host.backend.openReader(bench.path, sink);
        reader.keepAlive("needed");
        reader.resume();
        const shim = startShim({ stdout: bench.path }, "read line; printf late >&3");
        await shim.opened;
        assert.equal(hasEnded, false);
        bench.keeper.close();
        shim.tell("go");
        await sink.ended;
        assert.equal(new TextDecoder().decode(sink.bytes()), "late");
        await reader.close();
      }),
    );

    it(
      "openReader() stalls the writer after a pause and goes on after resume()",
      withFifo(name, async (bench) => {
        const sink = new Collector();
        sink.answer = "pause";
        const reader = bench.host.backend.openReader(bench.path, sink);
        const fd = openSync(bench.path, constants.O_WRONLY | constants.O_NONBLOCK);
        try {
          bench.keeper.close();
          reader.keepAlive("needed");
          reader.resume();
          const block = pattern(4096);
          let written = 0;
          for (let refusals = 0; refusals < 50 && written < 4 * 1024 * 1024;) {
            try {
              written += writeSync(fd, block);
              refusals = 0;
            } catch (error) {
              assert.equal(systemCode(error), "EAGAIN");
              refusals++;
              await sleep(2); // Nothing more is to be taken meanwhile.
            }
          }
          assert.ok(written < 1024 * 1024, `${written} bytes were taken from the writer`);
          sink.answer = "more";
          const count = (): number => sink.chunks.reduce((sum, each) => sum + each.byteLength, 0);
          const before = count();
          reader.resume();
          await eventually("all that was written has come", () => count() === written);
          assert.ok(before < written, "nothing was held back");
          const all = sink.bytes();
          for (let offset = 0; offset < all.byteLength; offset += block.byteLength) {
            assertSameBytes(all.subarray(offset, offset + block.byteLength), block);
          }
        } finally {
          closeSync(fd);
        }
        assert.equal(await sink.ended, undefined);
        await reader.close();
      }),
    );

    it(
      "openReader() gives chunks that later reads do not touch",
      withFifo(name, async (bench) => {
        const sink = new Collector();
        const reader = bench.host.backend.openReader(bench.path, sink);
        reader.keepAlive("needed");
        reader.resume();
        const fd = openSync(bench.path, constants.O_WRONLY | constants.O_NONBLOCK);
        writeSync(fd, pattern(100).fill(1));
        await eventually("the first bytes come", () => sink.chunks.length > 0);
        writeSync(fd, pattern(100).fill(2));
        await eventually("all bytes come", () => sink.bytes().byteLength === 200);
        closeSync(fd);
        assert.deepEqual([...new Set(sink.bytes().subarray(0, 100))], [1]);
        await reader.close();
      }),
    );

    it(
      "close() of a reader that waits frees its descriptor and reports nothing",
      withFifo(name, async (bench) => {
        const sink = new Collector();
        let hasEnded = false;
        sink.ended.then(() => hasEnded = true);
        const before = openCount(bench.path);
        const reader = bench.host.backend.openReader(bench.path, sink);
        reader.keepAlive("needed");
        reader.resume();
        await sleep(0);
        await reader.close();
        await reader.close();
        await eventually("the descriptor is closed", () => openCount(bench.path) === before);
        assert.equal(hasEnded, false);
      }),
    );

    it(
      "write() carries 1 MiB byte for byte, in one piece and many",
      withFifo(name, async (bench, setting) => {
        const data = pattern(1024 * 1024 + 3);
        const file = join(setting.folder, "copy");
        const writer = bench.host.backend.openWriter(bench.path);
        const shim = startShim({ stdin: bench.path }, `exec 8>&-; cat <&7 >'${file}'`);
        await shim.opened;
        bench.keeper.close();
        await writer.write(data.subarray(0, 700_000));
        for (let offset = 700_000; offset < data.byteLength; offset += 4999) {
          await writer.write(data.subarray(offset, offset + 4999));
        }
        await writer.close();
        assert.equal(await shim.ended, 0);
        assertSameBytes(new Uint8Array(readFileSync(file)), data);
      }),
    );

    it(
      "write() rejects with EPIPE when nobody reads any more",
      withFifo(name, async (bench) => {
        const writer = bench.host.backend.openWriter(bench.path);
        await writer.write(new Uint8Array(1));
        bench.keeper.close();
        // More than pipes hold, for a helper only says so when it has noticed itself.
        const attempt = async (): Promise<void> => {
          for (let count = 0; count < 100; count++) await writer.write(pattern(65536));
        };
        await assert.rejects(attempt(), (error) => systemCode(error) === "EPIPE");
        await writer.destroy();
      }),
    );

    it(
      "destroy() ends a write into a full pipe and frees the descriptor",
      withFifo(name, async (bench) => {
        const before = openCount(bench.path);
        const writer = bench.host.backend.openWriter(bench.path);
        const write = writer.write(pattern(2 * 1024 * 1024));
        const rejected = assert.rejects(write);
        await sleep(0);
        await writer.destroy();
        await rejected;
        await eventually("the descriptor is closed", () => openCount(bench.path) === before);
      }),
    );
  });
}

describe("chooseHost()", () => {
  it(
    "finds the fastest backend of this runtime",
    withSetting(async (setting) => {
      const folders = new FifoFolders({ directory: setting.fifoFolder });
      const { backend } = await chooseHost(folders);
      assert.equal(backend.name, backendsHere[0]);
      assert.deepEqual(readdirSync(setting.folder), []);
    }),
  );
});
