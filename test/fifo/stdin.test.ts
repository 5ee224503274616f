import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isContainerError } from "../../src/errors.ts";
import { eventually } from "../helpers/eventually.ts";
import { openDescriptors } from "../helpers/leaks.ts";
import {
  assertSameBytes,
  backendsHere,
  bytes,
  pattern,
  piped,
  type Setting,
  withSetting,
} from "./setting.ts";

/** A shim that copies its input to a file until its end, where CloseIO comes with a line. */
const copyInput = (file: string): string => `cat <&7 >'${file}' 8>&- & read line; exec 8>&-; wait`;

function isOpenHere(path: string): boolean {
  return [...openDescriptors().values()].includes(path);
}

/** Bun closes a descriptor a moment after it has said so. */
async function closedHere(path: string): Promise<void> {
  await eventually("the FIFO is closed", () => !isOpenHere(path));
}

for (const backend of backendsHere) {
  describe(`stdin on "${backend}"`, () => {
    const test = (body: (setting: Setting, file: string) => Promise<void>) =>
      withSetting((setting) => body(setting, join(setting.folder, "input")));

    it(
      "close() before the shim has opened its end loses nothing",
      test(async (setting, file) => {
        const session = await setting.prepare({ stdin: "piped" }, { backend });
        const writer = piped(session.stdio.stdin).getWriter();
        await writer.write(bytes("early "));
        await writer.write(bytes("bytes"));
        await writer.close();
        assert.equal(setting.stdinClosedCount, 0, "closed before the release");
        assert.ok(isOpenHere(session.paths.stdin), "nothing holds what was written");
        const shim = await setting.shim(session, copyInput(file));
        await setting.stdinClosed();
        await closedHere(session.paths.stdin);
        shim.tell("CloseIO");
        assert.equal(await shim.ended, 0);
        assert.equal(readFileSync(file, "utf8"), "early bytes");
      }),
    );

    it(
      "release() waits for a shim that opens its end late, and loses nothing",
      test(async (setting, file) => {
        // Once what is all in the pipe by then, and once more than it holds.
        for (const sizeBytes of [60_000, 200_000]) {
          // Started before there is a FIFO: a child has copies of our descriptors until its exec.
          const shim = await setting.start(
            {},
            `read path; exec 7<"$path" 8>"$path"; ${copyInput(file)}`,
          );
          const session = await setting.prepare({ stdin: "piped" }, { backend });
          const early = pattern(sizeBytes);
          const writer = piped(session.stdio.stdin).getWriter();
          const closing = writer.write(early).then(() => writer.close());
          if (sizeBytes < 65536) await closing;
          setting.stdinClosedCount = 0;
          session.release();
          await sleep(20); // Nothing is to happen meanwhile.
          assert.equal(setting.stdinClosedCount, 0, "closed before anybody reads");
          shim.tell(session.paths.stdin);
          await closing;
          await setting.stdinClosed();
          shim.tell("CloseIO");
          assert.equal(await shim.ended, 0);
          assertSameBytes(new Uint8Array(readFileSync(file)), early);
          await session.close();
        }
      }),
    );

    it(
      "write() waits for a slow process",
      test(async (setting, file) => {
        const session = await setting.prepare({ stdin: "piped" }, { backend });
        const shim = await setting.shim(
          session,
          `read line; cat <&7 >'${file}' 8>&- & read line; exec 8>&-; wait`,
        );
        const data = pattern(1024 * 1024);
        const writer = piped(session.stdio.stdin).getWriter();
        let isWritten = false;
        const writing = writer.write(data).then(() => isWritten = true);
        await sleep(30); // Nothing is to happen meanwhile.
        assert.equal(isWritten, false, "more was taken than a pipe holds");
        shim.tell("read");
        await writing;
        await writer.close();
        shim.tell("CloseIO");
        assert.equal(await shim.ended, 0);
        assertSameBytes(new Uint8Array(readFileSync(file)), data);
      }),
    );

    it(
      "write() fails with failed_precondition when nobody reads, and stdin is closed once",
      test(async (setting) => {
        const session = await setting.prepare({ stdin: "piped" }, { backend });
        const shim = await setting.shim(session, "read line");
        shim.tell("end");
        await shim.ended;
        const writer = piped(session.stdio.stdin).getWriter();
        const attempt = async (): Promise<void> => {
          for (let count = 0; count < 100; count++) await writer.write(pattern(65536));
        };
        await assert.rejects(attempt(), (error) => isContainerError(error, "failed_precondition"));
        await setting.stdinClosed();
        await session.close();
        assert.equal(setting.stdinClosedCount, 1);
      }),
    );

    it(
      "abort() closes our end once",
      test(async (setting, file) => {
        const session = await setting.prepare({ stdin: "piped" }, { backend });
        const shim = await setting.shim(session, copyInput(file));
        await piped(session.stdio.stdin).abort(new Error("no more"));
        await setting.stdinClosed();
        shim.tell("CloseIO");
        assert.equal(await shim.ended, 0);
        await session.close();
        assert.equal(setting.stdinClosedCount, 1);
      }),
    );

    it(
      "closeStdin() ends a locked stream after what was written",
      test(async (setting, file) => {
        const session = await setting.prepare({ stdin: "piped" }, { backend });
        const shim = await setting.shim(
          session,
          `read line; cat <&7 >'${file}' 8>&- & read line; exec 8>&-; wait`,
        );
        const data = pattern(300_000);
        const writer = piped(session.stdio.stdin).getWriter();
        const writes = [data.subarray(0, 150_000), data.subarray(150_000)]
          .map((part) => writer.write(part));
        const closing = session.closeStdin();
        assert.equal(setting.stdinClosedCount, 0);
        shim.tell("read");
        await Promise.all(writes);
        await closing;
        assert.equal(setting.stdinClosedCount, 1);
        await session.closeStdin();
        await assert.rejects(
          writer.write(bytes("late")),
          (error) => isContainerError(error, "failed_precondition"),
        );
        shim.tell("CloseIO");
        assert.equal(await shim.ended, 0);
        assertSameBytes(new Uint8Array(readFileSync(file)), data);
        assert.equal(setting.stdinClosedCount, 1);
      }),
    );

    it(
      "drain() ends a write that nobody will read",
      test(async (setting, file) => {
        const session = await setting.prepare({ stdin: "piped" }, { backend });
        // Like the shim of a process that has ended: it holds the pipe and reads it no further.
        const shim = await setting.shim(session, `head -c 1 <&7 >'${file}'; read line`);
        const writer = piped(session.stdio.stdin).getWriter();
        const refused = assert.rejects(
          writer.write(pattern(4 * 1024 * 1024)),
          (error) => isContainerError(error, "failed_precondition"),
        );
        await eventually(
          "the write is under way",
          () => existsSync(file) && statSync(file).size > 0,
        );
        await session.drain(10_000);
        await refused;
        assert.equal(setting.stdinClosedCount, 1);
        await closedHere(session.paths.stdin);
        shim.tell("end");
        await shim.ended;
      }),
    );
  });
}

describe("stdin", () => {
  it(
    "closeStdin() before the release does not wait for the shim",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdin: "piped" });
      await session.closeStdin();
      assert.equal(setting.stdinClosedCount, 0);
      const shim = await setting.shim(session, "cat <&7 8>&- & read line; exec 8>&-; wait");
      await session.closeStdin();
      assert.equal(setting.stdinClosedCount, 1);
      shim.tell("CloseIO");
      assert.equal(await shim.ended, 0);
    }),
  );

  it(
    "closeStdin() without a stdin does nothing",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdout: "piped" });
      await session.closeStdin();
      assert.equal(setting.stdinClosedCount, 0);
    }),
  );

  it(
    "write() refuses what is not a Uint8Array",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdin: "piped" });
      const writer = piped(session.stdio.stdin).getWriter();
      await assert.rejects(
        writer.write("text" as unknown as Uint8Array),
        (error) => isContainerError(error, "invalid_argument") && error.field === "chunk",
      );
    }),
  );

  it(
    "a source stream is read from the release on, and its end closes the input",
    withSetting(async (setting) => {
      const file = join(setting.folder, "input");
      let pulls = 0;
      const source = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (++pulls > 40) controller.close();
          else controller.enqueue(pattern(50_000));
        },
      }, { highWaterMark: 0 });
      const session = await setting.prepare({ stdin: source });
      assert.equal(session.stdio.stdin, null);
      assert.equal(pulls, 0);
      const shim = await setting.shim(session, copyInput(file));
      await setting.stdinClosed();
      shim.tell("CloseIO");
      assert.equal(await shim.ended, 0);
      assert.equal(readFileSync(file).byteLength, 40 * 50_000);
    }),
  );

  it(
    "a source stream that fails closes the input",
    withSetting(async (setting) => {
      const source = new ReadableStream<Uint8Array>({
        pull: () => Promise.reject(new Error("broken source")),
      });
      const session = await setting.prepare({ stdin: source });
      const shim = await setting.shim(session, copyInput(join(setting.folder, "input")));
      await setting.stdinClosed();
      shim.tell("CloseIO");
      assert.equal(await shim.ended, 0);
    }),
  );

  it(
    "a source stream is cancelled when the process ends or never starts",
    withSetting(async (setting) => {
      for (const start of [true, false]) {
        const cancelled = Promise.withResolvers<void>();
        const source = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
        const session = await setting.prepare({ stdin: source });
        if (start) {
          const shim = await setting.shim(session, "exit 0");
          await shim.ended;
          await session.drain(10_000);
        }
        await session.close();
        await cancelled.promise;
      }
    }),
  );
});
