/**
 * Does what the first argument says, with FIFOs in the folder that is the second, and then has
 * nothing left to do, so that it depends on the streams alone whether this process ends. Says
 * `as expected` if it was right.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fifo } from "../../plugins/fifo/mod.ts";
import { pattern, piped } from "./setting.ts";

const mode = process.argv[2] ?? "";
let outcome = "nothing";
const driver = fifo({ directory: join(process.argv[3] ?? "", "fifo") });
const session = await driver.prepare({
  containerId: "box",
  processId: "init",
  terminal: false,
  stdio: { stdin: "piped", stdout: "piped", stderr: "piped" },
  onStdinClosed: () => {},
});
const peer = openSync(session.paths.stdout, constants.O_RDWR | constants.O_NONBLOCK);
const stdin = openSync(session.paths.stdin, constants.O_RDONLY | constants.O_NONBLOCK);
session.release();
const closing = (): void => {
  closeSync(peer);
  closeSync(stdin);
};
/**
 * The other side acts in a process of its own that nothing here waits for, and late enough that
 * this process has ended before if nothing else holds it.
 */
const later = (act: string, path: string): void => {
  const script = `(sleep 0.3; ${act}) &`;
  spawnSync("sh", ["-c", script, "sh", path], { stdio: "ignore" });
};

process.once("exit", () => {
  process.stdout.write(`${mode}: ${outcome}\n`);
});
const reader = piped(session.stdio.stdout).getReader();
if (mode === "idle") {
  outcome = "as expected";
  setTimeout(() => outcome = "held", 5_000).unref();
} else if (mode === "read-one") {
  writeSync(peer, pattern(10));
  await reader.read();
  outcome = "as expected";
  setTimeout(() => process.exit(1), 5_000).unref();
} else if (mode === "closed") {
  reader.read();
  await session.close();
  closing();
  outcome = "as expected";
  setTimeout(() => process.exit(1), 5_000).unref();
} else if (mode === "reading") {
  outcome = "not held";
  later('printf later >"$1"', session.paths.stdout);
  await reader.read();
  outcome = "as expected";
  await session.close();
} else if (mode === "writing") {
  outcome = "not held";
  later('cat "$1" >/dev/null', session.paths.stdin);
  await piped(session.stdio.stdin).getWriter().write(pattern(200_000));
  outcome = "as expected";
  await session.close();
} else if (mode === "draining") {
  outcome = "not held";
  const { truncated } = await session.drain(300);
  outcome = truncated ? "as expected" : "not truncated";
  await session.close();
}
