import { copyFileSync, lstatSync, rmSync } from "node:fs";
import process from "node:process";
import type { Environment } from "./binary.ts";

/**
 * Keeps the stack traces that a daemon has written on SIGUSR1: they are in the folder for temporary
 * files, in a file that nobody would remove.
 *
 * @param pid The daemon's.
 * @param env The daemon's.
 * @param path Where they are put.
 */
export function keepStackDump(pid: number, env: Environment, path: string): void {
  const dump = `${env["TMPDIR"] || "/tmp"}/containerd.${pid}.stacks.log`;
  try {
    // Anybody may put a file of this name there.
    const stat = lstatSync(dump);
    if (!stat.isFile() || stat.uid !== process.geteuid?.()) return;
    copyFileSync(dump, path);
    rmSync(dump);
  } catch {
    // It has written none.
  }
}
