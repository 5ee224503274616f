import assert from "node:assert/strict";
import { existsSync, lstatSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isContainerError } from "../../src/errors.ts";
import {
  assertSameBytes,
  backendsHere,
  bytes,
  pattern,
  piped,
  readAll,
  readText,
  withSetting,
} from "./setting.ts";

for (const backend of backendsHere) {
  describe(`FifoSession on "${backend}"`, () => {
    it(
      "stdio carries three streams at once, byte for byte",
      withSetting(async (setting) => {
        const session = await setting.prepare(
          { stdin: "piped", stdout: "piped", stderr: "piped" },
          { backend },
        );
        const output = pattern(3_000_001);
        const errors = pattern(2_000_003).reverse();
        const files = [join(setting.folder, "output"), join(setting.folder, "errors")];
        writeFileSync(String(files[0]), output);
        writeFileSync(String(files[1]), errors);
        const shim = await setting.shim(
          session,
          `exec 8>&-; cat '${files[0]}' >&3 & cat '${files[1]}' >&5 & wait; cat <&7 >&3`,
        );
        const input = pattern(1_500_000);
        const reading = Promise.all([readAll(session.stdio.stdout), readAll(session.stdio.stderr)]);
        const writer = piped(session.stdio.stdin).getWriter();
        await writer.write(input);
        await writer.close();
        assert.equal(await shim.ended, 0);
        assert.deepEqual(await session.drain(10_000), { truncated: false });
        const [stdout, stderr] = await reading;
        assertSameBytes(stdout.subarray(0, output.byteLength), output);
        assertSameBytes(stdout.subarray(output.byteLength), input);
        assertSameBytes(stderr, errors);
      }),
    );

    it(
      "stdout stalls the process while nobody reads, and then loses nothing",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdout: "piped" }, { backend });
        const file = join(setting.folder, "progress");
        const reader = piped(session.stdio.stdout).getReader();
        const shim = await setting.shim(
          session,
          `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
           head -c 262144 /dev/zero >&3; printf x >>'${file}'; done; printf END >&3`,
        );
        const first = await reader.read();
        assert.equal(first.done, false);
        // It stands still once the file does not grow any more, well before all 16 blocks.
        let size = -1;
        for (let still = 0; still < 20;) {
          const now = existsSync(file) ? statSync(file).size : 0;
          still = now === size ? still + 1 : 0;
          size = now;
          await sleep(5); // Nothing more is to be taken meanwhile.
        }
        assert.ok(size < 12, `${size} of 16 blocks were taken`);
        let total = first.value?.byteLength ?? 0;
        let last = new Uint8Array();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          total += value.byteLength;
          last = new Uint8Array(value.slice(-3));
        }
        assert.equal(total, 16 * 262144 + 3);
        assert.equal(new TextDecoder().decode(last), "END");
        assert.equal(await shim.ended, 0);
      }),
    );

    it(
      "drain() reads what no consumer has read, and it stays readable after close()",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdout: "piped", stderr: "piped" }, { backend });
        const shim = await setting.shim(
          session,
          "head -c 200000 /dev/zero >&3 & head -c 50000 /dev/zero >&5; wait",
        );
        const draining = shim.ended.then(() => session.drain(10_000));
        // The last of it fits into pipes and read-ahead on no backend, so that it needs the drain.
        const early = session.drain(10_000);
        assert.deepEqual(await early, { truncated: false });
        assert.deepEqual(await draining, { truncated: false });
        await session.close();
        assert.equal((await readAll(session.stdio.stdout)).byteLength, 200_000);
        assert.equal((await readAll(session.stdio.stderr)).byteLength, 50_000);
      }),
    );

    it(
      "drain() gives up after its budget and says so while a child holds the output",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdout: "piped" }, { backend });
        const shim = await setting.shim(session, "printf before >&3; read line; printf after >&3");
        const reader = piped(session.stdio.stdout).getReader();
        assert.equal(new TextDecoder().decode((await reader.read()).value), "before");
        assert.deepEqual(await session.drain(20), { truncated: true });
        shim.tell("go");
        // What comes later is still read until the session is closed.
        assert.equal(new TextDecoder().decode((await reader.read()).value), "after");
        await shim.ended;
        assert.deepEqual(await session.drain(10_000), { truncated: false });
        await session.close();
        assert.equal((await reader.read()).done, true);
      }),
    );

    it(
      "cancel() of stdout lets the process run on",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdout: "piped" }, { backend });
        const shim = await setting.shim(session, "head -c 3000000 /dev/zero >&3");
        for await (const chunk of piped(session.stdio.stdout)) {
          assert.ok(chunk.byteLength > 0);
          break;
        }
        assert.equal(await shim.ended, 0);
        assert.deepEqual(await session.drain(10_000), { truncated: false });
      }),
    );

    it(
      "release() without a shim ends the outputs",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdout: "piped", stderr: "piped" }, { backend });
        session.release();
        session.release();
        assert.equal(await readText(session.stdio.stdout), "");
        assert.equal(await readText(session.stdio.stderr), "");
      }),
    );

    it(
      "close() before release() ends a pending read cleanly",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdin: "piped", stdout: "piped" }, { backend });
        const reading = readText(session.stdio.stdout);
        await session.close();
        await session.close();
        assert.equal(await reading, "");
        assert.equal(existsSync(dirname(session.paths.stdout)), false);
        assert.equal(setting.stdinClosedCount, 1);
      }),
    );

    it(
      "stdout keeps text whole that is cut at every byte",
      withSetting(async (setting) => {
        const session = await setting.prepare({ stdout: "piped" }, { backend });
        const text = "aé€😀z";
        const shim = await setting.shim(
          session,
          [...bytes(text)].map((byte) => `read line; printf '\\${byte.toString(8)}' >&3`).join(
            "\n",
          ),
        );
        const decoder = new TextDecoder("utf-8", { fatal: true });
        const reader = piped(session.stdio.stdout).getReader();
        let result = "";
        for (let index = 0; index < bytes(text).byteLength; index++) {
          shim.tell("next");
          const { value } = await reader.read();
          assert.equal(value?.byteLength, 1);
          result += decoder.decode(value, { stream: true });
        }
        assert.equal((await reader.read()).done, true);
        assert.equal(result + decoder.decode(), text);
      }),
    );
  });
}

describe("FifoSession", () => {
  it(
    "paths are FIFOs of mode 0600 in a folder of mode 0700 of their own",
    withSetting(async (setting) => {
      const one = await setting.prepare({ stdin: "piped", stdout: "piped", stderr: "piped" });
      const two = await setting.prepare({ stdout: "piped" });
      for (const path of Object.values(one.paths)) {
        const found = lstatSync(path);
        assert.ok(found.isFIFO(), path);
        assert.equal(found.mode & 0o777, 0o600);
        assert.equal(lstatSync(dirname(path)).mode & 0o777, 0o700);
      }
      assert.notEqual(dirname(one.paths.stdout), dirname(two.paths.stdout));
    }),
  );

  it(
    "drain() refuses a budget that is none",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdout: "piped" });
      for (const budget of [-1, Number.NaN]) {
        await assert.rejects(
          session.drain(budget),
          (error) => isContainerError(error, "invalid_argument") && error.field === "budgetMs",
        );
      }
    }),
  );

  it(
    "drain() takes an endless budget",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdout: "piped" });
      const shim = await setting.shim(session, "printf x >&3");
      await shim.ended;
      assert.deepEqual(await session.drain(Number.POSITIVE_INFINITY), { truncated: false });
    }),
  );

  it(
    "drain() keeps at most 8 MiB for a consumer that does not read",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdout: "piped" });
      const file = join(setting.folder, "progress");
      const shim = await setting.shim(
        session,
        `i=0; while [ $i -lt 48 ]; do
         head -c 262144 /dev/zero >&3; printf x >>'${file}'; i=$((i + 1)); done`,
      );
      let isDrained = false;
      const draining = session.drain(60_000).finally(() => isDrained = true);
      let size = -1;
      for (let still = 0; still < 20;) {
        const now = existsSync(file) ? statSync(file).size : 0;
        still = now === size && now > 16 ? still + 1 : 0;
        size = now;
        await sleep(5); // Nothing more is to be taken meanwhile.
      }
      assert.ok(size < 40, `${size} of 48 blocks were taken`);
      assert.equal(isDrained, false);
      assert.equal((await readAll(session.stdio.stdout)).byteLength, 48 * 262144);
      assert.deepEqual(await draining, { truncated: false });
      assert.equal(await shim.ended, 0);
    }),
  );

  it(
    "prepare() rejects with the reason of an abort and leaves nothing",
    withSetting(async (setting) => {
      const reason = new Error("enough");
      const driver = setting.driver();
      const request = setting.request({ stdout: "piped" });
      await assert.rejects(
        driver.prepare(request, { signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
      const controller = new AbortController();
      const preparing = driver.prepare(request, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(preparing, (error) => error === reason);
    }),
  );
});
