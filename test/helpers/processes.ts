import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** A process as /proc tells it. */
export interface ProcessRecord {
  readonly pid: number;
  readonly parentPid: number;
  /** `R`, `S`, `Z` and so on. */
  readonly state: string;
  /** Tells two processes apart that had the same pid, in clock ticks since boot. */
  readonly startTicks: number;
}

/** Reads one process, or undefined if it is gone. */
export function readProcess(pid: number): ProcessRecord | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The name is in parentheses and may hold anything, also spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parentPid, startTicks] = [fields[0], fields[1], fields[19]];
  if (state === undefined || parentPid === undefined || startTicks === undefined) return undefined;
  return { pid, state, parentPid: Number(parentPid), startTicks: Number(startTicks) };
}

/** Whether a process runs; one that ended and was not waited for does not. */
export function isRunning(pid: number, startTicks?: number): boolean {
  const record = readProcess(pid);
  if (record === undefined || record.state === "Z" || record.state === "X") return false;
  return startTicks === undefined || startTicks === record.startTicks;
}

/** The arguments of a process; empty if it is gone. */
export function argumentsOf(pid: number): readonly string[] {
  return readOrEmpty(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
}

/** Every process of this machine. */
export function allProcesses(): readonly ProcessRecord[] {
  const pids = readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).map(Number);
  return pids.map(readProcess).filter((record) => record !== undefined);
}

/** The processes that have all of these among their arguments. */
export function findByArguments(...wanted: readonly string[]): readonly number[] {
  return allProcesses().map((record) => record.pid).filter((pid) => {
    const present = argumentsOf(pid);
    return wanted.every((each) => present.includes(each));
  });
}

/** The processes below these, the nearest first. */
export function descendantsOf(pids: readonly number[]): readonly number[] {
  const all = allProcesses();
  const result: number[] = [];
  let level = pids;
  while (level.length > 0) {
    level = all.filter((record) => level.includes(record.parentPid)).map((record) => record.pid);
    result.push(...level);
  }
  return result;
}

/** Ends processes and waits until they are gone. Blocks; for clean-up only. */
export function killAndWaitSync(pids: readonly number[], budgetMs: number): void {
  for (const pid of pids) signalIfRunning(pid, "SIGKILL");
  const deadline = Date.now() + budgetMs;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (pids.some((pid) => isRunning(pid)) && Date.now() < deadline) Atomics.wait(cell, 0, 0, 5);
}

/** Sends a signal, unless the process is gone. */
export function signalIfRunning(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The text of a file that may be gone at any time; empty then. */
export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
