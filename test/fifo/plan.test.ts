import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fifo, type FifoOptions } from "../../plugins/fifo/mod.ts";
import { isContainerError } from "../../src/errors.ts";
import type { StdioOptions } from "../../src/stdio.ts";
import { readText, type Setting, withSetting } from "./setting.ts";

/** Asserts that a description is refused by its field, before anything was made. */
async function assertRefused(
  setting: Setting,
  stdio: unknown,
  field: string,
  request: { readonly terminal?: boolean } = {},
): Promise<void> {
  const before = readdirSync(setting.folder);
  await assert.rejects(
    setting.driver().prepare(setting.request(stdio as StdioOptions, request)),
    (error) => {
      assert.ok(isContainerError(error, "invalid_argument"), String(error));
      assert.equal(error.field, field);
      assert.equal(error.plugin, "fifo");
      assert.doesNotMatch(error.message, /\.$/);
      return true;
    },
    JSON.stringify(stdio),
  );
  assert.deepEqual(readdirSync(setting.folder), before);
}

const locked = <S extends ReadableStream | WritableStream>(stream: S): S => {
  if (stream instanceof ReadableStream) stream.getReader();
  else stream.getWriter();
  return stream;
};

describe("prepare()", () => {
  it(
    "gives no paths where nothing is asked for",
    withSetting(async (setting) => {
      for (const stdio of [{}, { stdin: "null", stdout: "null", stderr: "null" }] as const) {
        const session = await setting.prepare(stdio);
        assert.deepEqual(session.paths, { stdin: "", stdout: "", stderr: "" });
        assert.deepEqual(session.stdio, { stdin: null, stdout: null, stderr: null });
        assert.deepEqual(await session.drain(0), { truncated: false });
      }
      assert.equal(existsSync(setting.fifoFolder), false);
    }),
  );

  it(
    "gives /dev/null for an output that is not wanted beside what is",
    withSetting(async (setting) => {
      const cases: readonly (readonly [StdioOptions, string, string])[] = [
        [{ stdout: "piped" }, "fifo", "/dev/null"],
        [{ stderr: "piped" }, "/dev/null", "fifo"],
        // A shim closes one that it is given twice for both.
        [{ stdin: "piped" }, "/dev/null", "/dev/./null"],
        [{ stdin: { file: "/dev/null" } }, "/dev/null", "/dev/./null"],
        [{ stdout: { uri: "file:///tmp/log" } }, "file:///tmp/log", "/dev/null"],
        [
          { stdout: { uri: "binary:///bin/logger?a=b" } },
          "binary:///bin/logger?a=b",
          "/dev/null",
        ],
        [
          { stdout: { uri: "binary:///bin/l" }, stderr: { uri: "binary:///bin/l" } },
          "binary:///bin/l",
          "binary:///bin/l",
        ],
      ];
      for (const [stdio, stdout, stderr] of cases) {
        const { paths } = await setting.prepare(stdio);
        const kind = (path: string): string => path.startsWith(setting.fifoFolder) ? "fifo" : path;
        assert.deepEqual([kind(paths.stdout), kind(paths.stderr)], [stdout, stderr]);
      }
    }),
  );

  it(
    "gives a terminal one output and no path for errors",
    withSetting(async (setting) => {
      const request = { terminal: true };
      const piped = await setting.prepare({ stdin: "piped", stdout: "piped" }, { request });
      assert.ok(piped.paths.stdout.startsWith(setting.fifoFolder));
      assert.equal(piped.paths.stderr, "");
      const silent = await setting.prepare({ stderr: "null" }, { request });
      assert.deepEqual(silent.paths, { stdin: "", stdout: "/dev/null", stderr: "" });
      await setting.prepare({ stdin: "piped", stdout: { uri: "binary:///bin/l" } }, { request });
    }),
  );

  it(
    "makes a missing file, and neither cuts nor changes one that is there",
    withSetting(async (setting) => {
      const fresh = join(setting.folder, "fresh");
      const kept = join(setting.folder, "kept");
      writeFileSync(kept, "before\n", { mode: 0o600 });
      const session = await setting.prepare({
        stdin: { file: kept },
        stdout: { file: fresh },
        stderr: { file: kept },
      });
      assert.deepEqual(session.paths, { stdin: kept, stdout: fresh, stderr: kept });
      assert.equal(statSync(fresh).size, 0);
      assert.equal(readFileSync(kept, "utf8"), "before\n");
      assert.equal(existsSync(setting.fifoFolder), false);
    }),
  );

  it(
    "refuses values of the wrong kind",
    withSetting(async (setting) => {
      for (const name of ["stdin", "stdout", "stderr"]) {
        for (const value of ["pipe", 7, null, {}, { file: 7 }, { path: "/x" }]) {
          await assertRefused(setting, { [name]: value }, `stdio.${name}`);
        }
      }
      await assertRefused(setting, { stdin: { uri: "file:///x" } }, "stdio.stdin");
      await assertRefused(setting, { stdout: { uri: 7 } }, "stdio.stdout");
      await assertRefused(setting, { stdin: new WritableStream() }, "stdio.stdin");
      await assertRefused(setting, { stdout: new ReadableStream() }, "stdio.stdout");
      await assertRefused(setting, { stdin: locked(new ReadableStream()) }, "stdio.stdin");
      await assertRefused(setting, { stderr: locked(new WritableStream()) }, "stdio.stderr");
    }),
  );

  it(
    "refuses files that cannot be used",
    withSetting(async (setting) => {
      const folder = join(setting.folder, "folder");
      mkdirSync(folder);
      const socket = join(setting.folder, "socket");
      const server = createServer().listen(socket);
      await new Promise((resolve) => server.once("listening", resolve));
      try {
        for (const name of ["stdin", "stdout", "stderr"]) {
          for (
            const file of ["", "relative", folder, socket, "/tmp/a\0b", "/tmp/a\nb", "/tmp/%zz"]
          ) {
            await assertRefused(setting, { [name]: { file } }, `stdio.${name}`);
          }
          const orphan = join(setting.folder, "missing", "file");
          await assertRefused(setting, { [name]: { file: orphan } }, `stdio.${name}`);
        }
        const missing = join(setting.folder, "missing");
        await assertRefused(setting, { stdin: { file: missing } }, "stdio.stdin");
        await assertRefused(setting, { stdout: { file: `${missing}/` } }, "stdio.stdout");
        const request = { stdout: { file: missing }, stderr: { file: "relative" } };
        await assertRefused(setting, request, "stdio.stderr");
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    }),
  );

  it(
    "refuses URIs that no shim takes",
    withSetting(async (setting) => {
      const uris = [
        "",
        "/plain/path",
        "unix:///run/x.sock",
        "binary-v2:///bin/x",
        "file://host/x",
        "file:relative",
        "binary://x",
        "file:///%",
        "FILE:///x",
      ];
      for (const uri of uris) await assertRefused(setting, { stdout: { uri } }, "stdio.stdout");
    }),
  );

  it(
    "refuses combinations that a shim gets wrong",
    withSetting(async (setting) => {
      const terminal = { terminal: true };
      const file = { uri: "file:///tmp/a" };
      const binary = { uri: "binary:///bin/a" };
      await assertRefused(setting, { stdout: "piped", stderr: "piped" }, "stdio.stderr", terminal);
      await assertRefused(setting, { stderr: { file: "/tmp/x" } }, "stdio.stderr", terminal);
      await assertRefused(setting, { stdout: file }, "stdio.stdout", terminal);
      await assertRefused(setting, { stdout: file, stderr: "piped" }, "stdio.stderr");
      await assertRefused(setting, { stdout: file, stderr: binary }, "stdio.stderr");
      await assertRefused(setting, { stdout: "piped", stderr: file }, "stdio.stderr");
      await assertRefused(setting, { stderr: binary }, "stdio.stderr");
      await assertRefused(setting, { stdin: "piped", stdout: binary }, "stdio.stdin");
    }),
  );

  it(
    "mixes both outputs in one FIFO for one stream",
    withSetting(async (setting) => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const session = await setting.prepare({ stdout: writable, stderr: writable });
      assert.equal(session.paths.stderr, session.paths.stdout);
      const reading = readText(readable);
      const shim = await setting.shim(session, "printf one >&3; printf two >&5; printf three >&3");
      assert.equal(await shim.ended, 0);
      assert.deepEqual(await session.drain(10_000), { truncated: false });
      assert.equal(await reading, "onetwothree");
    }),
  );
});

describe("fifo()", () => {
  it("refuses options that cannot be used, by field", () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [{ directory: "relative" }, "directory"],
      [{ directory: 7 }, "directory"],
      [{ uid: -1 }, "uid"],
      [{ gid: 1.5 }, "gid"],
      [{ backend: "magic" }, "backend"],
      [{ folder: "/run/x" }, "folder"],
    ];
    for (const [options, field] of cases) {
      assert.throws(
        () => fifo(options as FifoOptions),
        (error) => isContainerError(error, "invalid_argument") && error.field === field,
      );
    }
  });
});
