import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerError } from "../../src/errors.ts";
import { isContainerError } from "../../src/errors.ts";
import { bytes, readText, withSetting } from "./setting.ts";

/** More than a pipe, and what is read ahead, can hold. */
const longBytes = 3_000_000;
const disk = new Error("disk full");

/** A request's `onStreamError` that notes what it is told. */
function listener() {
  const errors: ContainerError[] = [];
  const told = Promise.withResolvers<void>();
  const onStreamError = (error: ContainerError) => {
    errors.push(error);
    told.resolve();
  };
  return { errors, told: told.promise, request: { onStreamError } };
}

function assertTold(errors: readonly ContainerError[], message: string, cause: unknown): void {
  assert.equal(errors.length, 1);
  const [error] = errors;
  assert.ok(isContainerError(error, "data_loss"), String(error));
  assert.equal(error.message, message);
  assert.equal(error.plugin, "fifo");
  assert.equal(error.containerId, "box");
  assert.equal(error.processId, "init");
  assert.equal(error.cause, cause);
}

describe("onStreamError()", () => {
  for (const name of ["stdout", "stderr"] as const) {
    it(
      `onStreamError() is told once of a WritableStream for ${name} that fails, and the process goes on`,
      withSetting(async (setting) => {
        const { errors, request } = listener();
        const target = new WritableStream<Uint8Array>({ write: () => Promise.reject(disk) });
        const session = await setting.prepare({ [name]: target }, { request });
        const fd = name === "stdout" ? 3 : 5;
        const shim = await setting.shim(session, `head -c ${longBytes} /dev/zero >&${fd}`);
        assert.equal(await shim.ended, 0);
        assert.deepEqual(await session.drain(10_000), { truncated: true });
        assertTold(
          errors,
          `Cannot hand over ${name} of process "init" of container "box": its stream failed: disk full`,
          disk,
        );
      }),
    );
  }

  it(
    "onStreamError() is told before drain() ends of a WritableStream that cannot be closed",
    withSetting(async (setting) => {
      const { errors, request } = listener();
      let text = "";
      const target = new WritableStream<Uint8Array>({
        write: (chunk) => void (text += new TextDecoder().decode(chunk)),
        close: () => Promise.reject(disk),
      });
      const session = await setting.prepare({ stdout: target }, { request });
      await setting.shim(session, "printf all >&3");
      assert.deepEqual(await session.drain(10_000), { truncated: true });
      assert.equal(text, "all");
      assert.equal(errors.length, 1);
    }),
  );

  it(
    "onStreamError() is told of a ReadableStream that fails, and the input ends",
    withSetting(async (setting) => {
      const { errors, told, request } = listener();
      let isFirst = true;
      const source = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (isFirst) controller.enqueue(bytes("one"));
          else controller.error(disk);
          isFirst = false;
        },
      });
      const session = await setting.prepare({ stdin: source, stdout: "piped" }, { request });
      const text = readText(session.stdio.stdout);
      const shim = await setting.shim(session, "exec 8>&-; cat <&7 >&3");
      assert.equal(await shim.ended, 0);
      assert.match(await text, /^(?:one)?$/); // An abort drops what was not written yet.
      await told;
      assertTold(
        errors,
        'Cannot feed stdin of process "init" of container "box": its stream failed: disk full',
        disk,
      );
      assert.equal(setting.stdinClosedCount, 1);
    }),
  );

  it(
    "onStreamError() is told of a ReadableStream that gives no bytes",
    withSetting(async (setting) => {
      const { errors, told, request } = listener();
      const source = new ReadableStream({ start: (controller) => controller.enqueue("text") });
      const session = await setting.prepare({ stdin: source }, { request });
      const shim = await setting.shim(session, "exec 8>&-; cat <&7");
      assert.equal(await shim.ended, 0);
      await told;
      assert.equal(errors.length, 1);
      assert.match(
        errors[0]?.message ?? "",
        /: cannot write to stdin .*: chunk is not a Uint8Array$/,
      );
    }),
  );

  it(
    "onStreamError() is not told of a process that does not read its input",
    withSetting(async (setting) => {
      const { errors, request } = listener();
      const cancelled = Promise.withResolvers<void>();
      const source = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        cancel: () => cancelled.resolve(),
      });
      const session = await setting.prepare({ stdin: source }, { request });
      const shim = await setting.shim(session, "head -c 1 <&7");
      assert.equal(await shim.ended, 0);
      await cancelled.promise;
      await session.drain(10_000);
      await session.close();
      assert.deepEqual(errors, []);
    }),
  );

  it(
    "onStreamError() that throws stops nothing",
    withSetting(async (setting) => {
      const onStreamError = () => {
        throw new Error("thrown on");
      };
      const target = new WritableStream<Uint8Array>({ write: () => Promise.reject(disk) });
      const session = await setting.prepare({ stdout: target }, { request: { onStreamError } });
      const shim = await setting.shim(session, `head -c ${longBytes} /dev/zero >&3`);
      assert.equal(await shim.ended, 0);
      assert.deepEqual(await session.drain(10_000), { truncated: true });
    }),
  );

  it(
    "onStreamError() is told also of a process that was attached to, which does not stall",
    withSetting(async (setting) => {
      const { errors, told, request } = listener();
      const first = await setting.prepare({ stdout: "piped" });
      const shim = await setting.shim(first, `read line; head -c ${longBytes} /dev/zero >&3`);
      await first.detach?.();
      const target = new WritableStream<Uint8Array>({ write: () => Promise.reject(disk) });
      const session = setting.closing(
        await setting.driver().attach(
          setting.request({ stdout: target }, request),
          first.paths,
        ),
      );
      shim.tell("go on");
      await told;
      assert.equal(await shim.ended, 0);
      assert.deepEqual(await session.drain(10_000), { truncated: true });
      assert.equal(errors.length, 1);
    }),
  );
});
