import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Runs an action while no other process holds the same lock.
 *
 * The lock is the kernel's (flock), held by a child that ends when its input does: it is free again
 * at once however this process dies.
 *
 * @template T
 * @param {string} file The lock file; it stays.
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(file, action) {
  mkdirSync(dirname(file), { recursive: true });
  const child = spawn("flock", [file, "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting = setTimeout(() => console.log("Waiting for another set-up to finish ..."), 2000);
  const ended = new Promise((resolve) => child.on("close", resolve));
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve);
      child.on("error", (error) => reject(new Error(`Cannot lock "${file}": ${error.message}`)));
      child.on("close", (code) => reject(new Error(`Cannot lock "${file}": exit code ${code}`)));
    });
    clearTimeout(waiting);
    return await action();
  } finally {
    clearTimeout(waiting);
    child.stdin.end();
    await ended;
  }
}
