import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");

describe("npm run generate", () => {
  it(
    "makes the stubs that are in proto/gen",
    {
      skip: existsSync(buf) ? false : "no buf in node_modules: run npm ci",
      // The compiler takes longer than the 5 seconds that Bun gives a test by default.
      timeout: 120_000,
    },
    async () => {
      const output = mkdtempSync(join(tmpdir(), "libcontainerd-generate-"));
      try {
        // buf looks for its plugin on PATH, as npm sets it for scripts; node runs both.
        const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
        await promisify(execFile)("node", [buf, "generate", "--output", output], {
          cwd: root,
          env: { ...process.env, PATH: path },
        });
        const made = readStubs(join(output, "proto/gen"));
        const committed = readStubs(join(root, "proto/gen"));
        assert.deepEqual([...committed.keys()].sort(), [...made.keys()].sort());
        for (const [file, text] of made) {
          assert.ok(committed.get(file) === text, `${file} is out of date: run npm run generate`);
        }
      } finally {
        rmSync(output, { recursive: true, force: true });
      }
    },
  );
});

function readStubs(folder: string): Map<string, string> {
  const stubs = new Map<string, string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".ts")) stubs.set(path, readFileSync(join(folder, path), "utf8"));
  }
  return stubs;
}
