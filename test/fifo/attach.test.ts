import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileDescriptors } from "../../plugins/fifo/descriptors.ts";
import { Keeper } from "../../plugins/fifo/keeper.ts";
import { makeFifos } from "../../plugins/fifo/mkfifo.ts";
import { eventually } from "../helpers/eventually.ts";
import { openDescriptors } from "../helpers/leaks.ts";
import { isContainerError } from "../../src/errors.ts";
import type { StdioOptions, StdioPaths, StdioSession } from "../../src/stdio.ts";
import { backendsHere, bytes, piped, readText, type Setting, withSetting } from "./setting.ts";
import { type Shim, startShim } from "./shim.ts";

/** FIFOs as another process of this library would have made them. */
async function foreignFifos(setting: Setting, folder = "fifo-other"): Promise<StdioPaths> {
  const base = join(setting.folder, folder);
  mkdirSync(base);
  const paths = {
    stdin: join(base, "stdin"),
    stdout: join(base, "stdout"),
    stderr: join(base, "stderr"),
  };
  await makeFifos(Object.values(paths), undefined);
  return paths;
}

/** A shim that has been running for a while: nobody holds its FIFOs on its behalf any more. */
async function runningShim(paths: StdioPaths, script: string): Promise<Shim> {
  const keepers = Object.values(paths).map((path) => new Keeper(fileDescriptors, path));
  const shim = startShim(paths, script);
  await shim.opened;
  for (const keeper of keepers) keeper.close();
  return shim;
}

async function attach(
  setting: Setting,
  paths: StdioPaths,
  stdio: StdioOptions,
  backend = backendsHere[0],
): Promise<StdioSession> {
  return setting.closing(
    await setting.driver({ backend }).attach(setting.request(stdio), paths),
  );
}

const everything = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

for (const backend of backendsHere) {
  describe(`attach() on "${backend}"`, () => {
    it(
      "carries all three streams of a running process",
      withSetting(async (setting) => {
        const paths = await foreignFifos(setting);
        const shim = await runningShim(
          paths,
          "printf errors >&5; cat <&7 >&3 8>&- & read line; exec 8>&-; wait",
        );
        try {
          const session = await attach(setting, paths, everything, backend);
          assert.deepEqual(session.paths, paths);
          const writer = piped(session.stdio.stdin).getWriter();
          await writer.write(bytes("hello"));
          await writer.close();
          await setting.stdinClosed();
          shim.tell("CloseIO");
          assert.equal(await readText(session.stdio.stdout), "hello");
          assert.equal(await readText(session.stdio.stderr), "errors");
          assert.equal(await shim.ended, 0);
          assert.deepEqual(await session.drain(10_000), { truncated: false });
        } finally {
          await shim.stop();
        }
      }),
    );

    it(
      "cancel() leaves what follows to the next who attaches",
      withSetting(async (setting) => {
        const paths = await foreignFifos(setting);
        const shim = await runningShim(paths, "printf one >&3; read line; printf two >&3");
        try {
          const first = await attach(setting, paths, { stdout: "piped" }, backend);
          const reader = piped(first.stdio.stdout).getReader();
          assert.equal(new TextDecoder().decode((await reader.read()).value), "one");
          await reader.cancel();
          await eventually(
            "the FIFO is closed",
            () => ![...openDescriptors().values()].includes(paths.stdout),
          );
          const second = await attach(setting, paths, { stdout: "piped" }, backend);
          shim.tell("go");
          assert.equal(await readText(second.stdio.stdout), "two");
        } finally {
          await shim.stop();
        }
      }),
    );

    it(
      "outputs whose pipes are dead end at once, and an input refuses",
      withSetting(async (setting) => {
        const paths = await foreignFifos(setting);
        const session = await attach(setting, paths, everything, backend);
        assert.equal(await readText(session.stdio.stdout), "");
        assert.equal(await readText(session.stdio.stderr), "");
        const writer = piped(session.stdio.stdin).getWriter();
        await assert.rejects(
          (async () => {
            for (let count = 0; count < 100; count++) await writer.write(new Uint8Array(65536));
          })(),
          (error) => isContainerError(error, "failed_precondition"),
        );
        await setting.stdinClosed();
      }),
    );
  });
}

describe("attach()", () => {
  it(
    "gives null for what is no FIFO, missing or not asked for",
    withSetting(async (setting) => {
      const file = join(setting.folder, "file");
      writeFileSync(file, "content");
      const { stdout } = await foreignFifos(setting);
      const session = await attach(
        setting,
        { stdin: "", stdout: file, stderr: join(setting.folder, "missing") },
        everything,
      );
      assert.deepEqual(session.stdio, { stdin: null, stdout: null, stderr: null });
      assert.deepEqual(await session.drain(0), { truncated: false });
      const uri = await attach(setting, { stdin: "", stdout: `file://${file}`, stderr: "" }, {
        stdout: "piped",
      });
      assert.equal(uri.stdio.stdout, null);
      const untouched = await attach(setting, { stdin: "", stdout, stderr: "" }, {});
      assert.equal(untouched.stdio.stdout, null);
      assert.equal(readFileSync(file, "utf8"), "content");
    }),
  );

  it(
    "ends the caller's streams where there is nothing to attach to",
    withSetting(async (setting) => {
      const closed = Promise.withResolvers<void>();
      const cancelled = Promise.withResolvers<void>();
      await attach(setting, { stdin: "", stdout: "", stderr: "" }, {
        stdin: new ReadableStream({ cancel: () => cancelled.resolve() }),
        stdout: new WritableStream({ close: () => closed.resolve() }),
      });
      await Promise.all([closed.promise, cancelled.promise]);
    }),
  );

  it(
    "refuses files, URIs and one stream for both outputs",
    withSetting(async (setting) => {
      const paths = { stdin: "", stdout: "", stderr: "" };
      const stream = new WritableStream<Uint8Array>();
      const cases: readonly (readonly [StdioOptions, string])[] = [
        [{ stdin: { file: "/dev/null" } }, "stdio.stdin"],
        [{ stdout: { file: "/dev/null" } }, "stdio.stdout"],
        [{ stderr: { uri: "file:///tmp/x" } }, "stdio.stderr"],
        [{ stdout: stream, stderr: stream }, "stdio.stderr"],
      ];
      for (const [stdio, field] of cases) {
        await assert.rejects(
          setting.driver().attach(setting.request(stdio), paths),
          (error) => isContainerError(error, "invalid_argument") && error.field === field,
        );
      }
    }),
  );

  it(
    "close() leaves the FIFOs of a process that may still run",
    withSetting(async (setting) => {
      const paths = await foreignFifos(setting);
      const session = await attach(setting, paths, everything);
      await session.close();
      for (const path of Object.values(paths)) assert.ok(existsSync(path), path);
    }),
  );

  it(
    "close() after drain() removes FIFOs of this library, and no others",
    withSetting(async (setting) => {
      for (const [folder, remains] of [["fifo-x1", false], ["bundle", true]] as const) {
        const paths = await foreignFifos(setting, folder);
        const session = await attach(setting, paths, everything);
        await session.drain(10_000);
        await session.close();
        assert.equal(existsSync(dirname(paths.stdout)), remains, folder);
        for (const path of Object.values(paths)) assert.equal(existsSync(path), remains, path);
      }
    }),
  );
});
