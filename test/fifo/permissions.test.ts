import assert from "node:assert/strict";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { execPath } from "../helpers/runtime.ts";
import { withSetting } from "./setting.ts";

const remover = fileURLToPath(new URL("remove-leftovers.ts", import.meta.url));
const script = fileURLToPath(new URL("round-trip.ts", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly [string, unknown]> {
  const child = spawn(String(command[0]), command.slice(1), {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", ...env },
  });
  const stdout = text(child.stdout ?? []);
  const code = await new Promise((resolve) => child.once("close", resolve));
  return [await stdout, code];
}

const libc = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
].find((path) => existsSync(path));

/** A round trip in Deno with these permissions, for each subject the first line it prints. */
async function inDeno(folder: string, permissions: readonly string[]): Promise<string> {
  const [stdout, code] = await run([
    execPath("deno"),
    "run",
    "--no-check",
    "--quiet",
    `--allow-read=${root},${folder}`,
    `--allow-write=${folder}`,
    ...permissions,
    script,
    join(folder, "fifo"),
  ]);
  assert.equal(code, 0);
  return stdout.trimEnd();
}

describe("fifo() in Deno", () => {
  it(
    "opens by libc with --allow-ffi",
    withSetting(async ({ folder }) => {
      assert.equal(await inDeno(folder, ["--allow-ffi"]), "ffi-socket: out, in");
    }),
  );

  const skip = libc === undefined ? "the path of this machine's libc is not known" : false;
  it(
    "opens by libc with --allow-ffi for its path",
    { skip },
    withSetting(async ({ folder }) => {
      assert.equal(await inDeno(folder, [`--allow-ffi=${libc}`]), "ffi-socket: out, in");
    }),
  );

  it(
    "uses helpers without --allow-ffi",
    withSetting(async ({ folder }) => {
      assert.equal(
        await inDeno(folder, ["--allow-run=cat,mkfifo", "--allow-env=NODE_V8_COVERAGE"]),
        "cat: out, in",
      );
    }),
  );

  it(
    "polls without a permission for helpers",
    withSetting(async ({ folder }) => {
      assert.equal(
        await inDeno(folder, ["--allow-run=mkfifo", "--allow-env=NODE_V8_COVERAGE"]),
        "poll: out, in",
      );
    }),
  );

  it(
    "says what is missing where nothing may be used",
    withSetting(async ({ folder }) => {
      assert.match(await inDeno(folder, []), /^permission_denied: Cannot make FIFO "/);
    }),
  );
});

describe("leftovers() in Deno", () => {
  const uid = process.getuid?.();
  it(
    "are removed from the folder for temporary files if they are this user's, whom it need not tell",
    { skip: uid === 0 ? false : "only root can make what is another user's" },
    withSetting(async ({ folder }) => {
      const [own, other] = ["own", "other"].map((name) => `libcontainerd-fifo-+box+init+${name}`);
      for (const name of [own, other]) mkdirSync(join(folder, String(name)));
      chownSync(join(folder, String(other)), 12345, -1);
      const permissions = [
        `--allow-read=${root},${folder}`,
        `--allow-write=${folder}`,
        "--allow-env=TMPDIR",
      ];
      const [, code] = await run(
        [execPath("deno"), "run", "--no-check", "--quiet", ...permissions, remover],
        { TMPDIR: folder },
      );
      assert.equal(code, 0);
      assert.deepEqual(readdirSync(folder), [other]);
    }),
  );
});

describe("fifo() in Node", () => {
  it(
    "works under the permission model",
    withSetting(async ({ folder }) => {
      const [stdout, code] = await run([
        execPath("node24"),
        "--permission",
        `--allow-fs-read=${root}`,
        `--allow-fs-read=${folder}`,
        `--allow-fs-write=${folder}`,
        "--allow-child-process",
        "--no-warnings",
        script,
        join(folder, "fifo"),
      ]);
      assert.equal(stdout.trimEnd(), "socket: out, in");
      assert.equal(code, 0);
    }),
  );
});
