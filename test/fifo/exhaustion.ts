/** Prepares sessions with ever more free descriptors, from none to enough. */
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fifo } from "../../plugins/fifo/mod.ts";
import { isContainerError } from "../../src/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "fifo-test-"));
const driver = fifo({ directory: folder });
const request = {
  containerId: "box",
  processId: "init",
  terminal: false,
  stdio: { stdin: "piped", stdout: "piped", stderr: "piped" },
  onStdinClosed: () => {},
} as const;
let failures = 0;
let successes = 0;
try {
  await (await driver.prepare(request)).close();
  for (let free = 0; free < 20; free++) {
    const fill: number[] = [];
    let error: unknown;
    try {
      for (;;) fill.push(openSync("/dev/null", "r"));
    } catch {
      // All are taken.
    }
    for (let count = 0; count < free; count++) closeSync(Number(fill.pop()));
    try {
      await (await driver.prepare(request)).close();
      successes++;
    } catch (caught) {
      error = caught;
      failures++;
    }
    for (const fd of fill) closeSync(fd);
    if (error !== undefined) {
      assert.ok(isContainerError(error, "resource_exhausted"), String(error));
    }
    assert.deepEqual(readdirSync(folder), []);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`failed ${failures} times, succeeded ${successes} times\n`);
