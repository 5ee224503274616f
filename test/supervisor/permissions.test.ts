import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { execPath } from "../helpers/runtime.ts";

const script = fileURLToPath(new URL("./support/refused-child.ts", import.meta.url));

describe("Deno's permissions", () => {
  for (
    const [granted, message] of [
      [
        ["env", "read", "write", "net", "run", "sys"],
        /^Cannot read "\/proc\/\d+\/stat": permission/,
      ],
      [["env", "read"], /^Cannot look for "\/.*\/true": permission denied$/],
    ] as const
  ) {
    it(`supervise() says what it may not do with ${granted}`, async () => {
      const directory = mkdtempSync("/tmp/lct-perm-");
      try {
        const flags = granted.map((each) => `--allow-${each}`);
        const { stdout } = await promisify(execFile)(
          execPath("deno"),
          ["run", "--quiet", "--no-check", "--no-prompt", ...flags, script, directory],
          { env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" } },
        );
        const told = JSON.parse(stdout);
        assert.equal(told.code, "permission_denied");
        assert.match(told.message, message);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }
});
