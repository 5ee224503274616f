import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrayBuffer, text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { execPath, runScript, runtimeName } from "../helpers/runtime.ts";
import { readText, withSetting } from "./setting.ts";

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Runs `inherit.ts` with a shim script; its streams are pipes. */
function startInherit(shim: string): ChildProcessWithoutNullStreams {
  const deno = runtimeName() === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  return spawn(execPath("current"), [...deno, script("inherit.ts"), shim], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
  });
}

describe("WritableStream as a target", () => {
  it(
    "gets all bytes with back-pressure, and is closed at the end",
    withSetting(async (setting) => {
      let size = 0;
      let inFlight = 0;
      const closed = Promise.withResolvers<void>();
      const target = new WritableStream<Uint8Array>({
        async write(chunk) {
          assert.equal(++inFlight, 1);
          await new Promise((resolve) => setTimeout(resolve, 0));
          size += chunk.byteLength;
          inFlight--;
        },
        close: () => closed.resolve(),
      });
      const session = await setting.prepare({ stdout: target });
      assert.equal(session.stdio.stdout, null);
      const shim = await setting.shim(session, "head -c 3000001 /dev/zero >&3");
      assert.equal(await shim.ended, 0);
      assert.deepEqual(await session.drain(10_000), { truncated: false });
      assert.equal(size, 3_000_001, "drain() did not wait for the stream");
      await closed.promise;
    }),
  );

  it(
    "that fails does not stall the process, and drain() says truncated",
    withSetting(async (setting) => {
      const target = new WritableStream<Uint8Array>({
        write: () => Promise.reject(new Error("full")),
      });
      const session = await setting.prepare({ stdout: target, stderr: "piped" });
      const errors = readText(session.stdio.stderr);
      const shim = await setting.shim(session, "head -c 3000000 /dev/zero >&3; printf done >&5");
      assert.equal(await shim.ended, 0);
      assert.deepEqual(await session.drain(10_000), { truncated: true });
      assert.equal(await errors, "done");
    }),
  );

  it(
    "that hangs does not hold drain() longer than its budget",
    withSetting(async (setting) => {
      const target = new WritableStream<Uint8Array>({ write: () => new Promise(() => {}) });
      const session = await setting.prepare({ stdout: target });
      const shim = await setting.shim(session, "head -c 1000000 /dev/zero >&3");
      const draining = session.drain(1_000);
      assert.equal(await shim.ended, 0);
      assert.deepEqual(await draining, { truncated: false });
      await session.close();
    }),
  );
});

describe('"inherit"', () => {
  it("copies input, output and errors without loss, and the process ends", async () => {
    const child = startInherit("cat <&7 >&3 8>&- & read line; exec 8>&-; wait; printf errors >&5");
    const size = 2_000_000;
    const outcome = Promise.all([
      arrayBuffer(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.once("close", resolve)),
    ]);
    child.stdin.end(new Uint8Array(size).fill(120));
    const [stdout, stderr, code] = await outcome;
    assert.equal(stderr, "errors");
    assert.equal(stdout.byteLength, size);
    assert.ok(new Uint8Array(stdout).every((byte) => byte === 120));
    assert.equal(code, 0);
  });

  it("lets the process end while its own input stays open", async () => {
    const child = startInherit("read line <&7; printf '%s' \"$line\" >&3");
    const ended = new Promise((resolve) => child.once("close", resolve));
    const stdout = text(child.stdout);
    child.stdin.write("hello\n");
    assert.equal(await stdout, "hello");
    assert.equal(await ended, 0);
    child.stdin.destroy();
  });

  it("output behind which nobody reads does not end the program", async () => {
    const child = startInherit("head -c 3000000 /dev/zero >&3; printf done >&5");
    child.stdout.destroy();
    const stderr = text(child.stderr);
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 3, "not truncated");
    assert.equal(await stderr, "done");
    child.stdin.destroy();
  });
});

describe("The event loop", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["idle", "is not held by sessions that nobody reads or writes"],
    ["read-one", "is not held after a read that was answered"],
    ["closed", "is not held after close()"],
    ["reading", "is held by a read that waits"],
    ["writing", "is held by a write that waits"],
    ["draining", "is held by a drain, and no longer than that"],
  ];
  for (const [name, title] of cases) {
    // Its readers cannot be detached from the loop once they read.
    const skip = name === "read-one" && runtimeName() === "bun"
      ? "Bun has no unref for readers"
      : false;
    it(title, { skip }, async () => {
      // Some end with their streams open, and leave them.
      const folder = mkdtempSync(join(tmpdir(), "fifo-loop-"));
      try {
        const args = [name, folder];
        const { code, stdout, stderr } = await runScript("current", script("event-loop.ts"), args);
        assert.equal(stderr, "");
        assert.equal(stdout, `${name}: as expected\n`);
        assert.equal(code, 0);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
