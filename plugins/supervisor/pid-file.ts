import { readFileSync } from "node:fs";
import { systemCode } from "../fifo/system-error.ts";
import { fileError } from "./file-error.ts";
import type { ProcessIdentity } from "./process-table.ts";
import { writePrivate } from "./write-private.ts";

/** Notes which process the daemon is: its id, its start and the boot, in a line each. */
export function writePidFile(path: string, { pid, startTicks, bootId }: ProcessIdentity): void {
  writePrivate(path, `${pid}\n${startTicks}\n${bootId}\n`);
}

/** Which process the daemon is, or was; nothing if that was not noted, or by somebody else. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw fileError(`Cannot read PID file "${path}"`, error);
  }
  const [, pid, startTicks, bootId] = /^([1-9]\d*)\n(\d+)\n(\S+)\n$/.exec(text) ?? [];
  if (bootId === undefined) return undefined;
  return { pid: Number(pid), startTicks: Number(startTicks), bootId };
}
