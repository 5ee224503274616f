import process from "node:process";
import { ContainerError } from "../../src/errors.ts";
import { systemCode } from "../fifo/system-error.ts";
import { pause } from "./pause.ts";
import { findDaemons, isAlive, type ProcessIdentity } from "./process-table.ts";

/** How long the kernel may take to end what was killed. */
const KILL_BUDGET_MS = 10_000;
/** How long a daemon gets to write its stack traces to its log; moby's figure. */
const DUMP_MS = 100;
const LONGEST_DELAY_MS = 50;

/** Which processes are a daemon. */
export interface DaemonProcesses {
  /** The one that was started or taken over, if it is known. */
  readonly known: ProcessIdentity | undefined;
  /** The configuration that command lines name. */
  readonly configFile: string;
  /** Names of programs, as for {@linkcode findDaemons}. */
  readonly programs: readonly string[];
}

/**
 * Ends a daemon in order: SIGTERM, and after the budget SIGKILL. Its shims are processes of their
 * own. Where the program is a script, the daemon that it has started is ended, too.
 *
 * @throws {ContainerError} `deadline_exceeded` if the kernel does not end it.
 */
export async function endDaemon(daemon: DaemonProcesses, budgetMs: number): Promise<void> {
  const asked = all(daemon);
  for (const each of asked) send(each, "SIGTERM");
  await untilGone(asked, budgetMs);
  await killDaemon(daemon);
}

/** Ends a daemon that hangs, and has it write stack traces to its log before; errors as above. */
export async function killHungDaemon(daemon: DaemonProcesses): Promise<void> {
  const hung = all(daemon);
  for (const each of hung) send(each, "SIGUSR1");
  await untilGone(hung, DUMP_MS);
  await killDaemon(daemon);
}

async function killDaemon(daemon: DaemonProcesses): Promise<void> {
  const rest = all(daemon);
  for (const each of rest) send(each, "SIGKILL");
  const left = await untilGone(rest, KILL_BUDGET_MS);
  if (left === undefined) return;
  throw new ContainerError(
    "deadline_exceeded",
    `Cannot stop containerd: process ${left.pid} is there ${KILL_BUDGET_MS} ms after SIGKILL`,
    { plugin: "supervisor" },
  );
}

function all({ known, configFile, programs }: DaemonProcesses): readonly ProcessIdentity[] {
  const found = findDaemons(configFile, programs);
  const others = found.filter(({ pid }) => pid !== known?.pid);
  return known !== undefined && isAlive(known) ? [known, ...others] : found;
}

/** The id may have gone to another process, so that it is looked at right before. */
function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (systemCode(error) !== "ESRCH") throw error;
  }
}

/** Waits for the end of processes; gives one that has not ended in time. */
async function untilGone(
  processes: readonly ProcessIdentity[],
  budgetMs: number,
): Promise<ProcessIdentity | undefined> {
  const deadline = performance.now() + budgetMs;
  for (let delayMs = 1;; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    const left = processes.find(isAlive);
    if (left === undefined || performance.now() >= deadline) return left;
    await pause(delayMs);
  }
}
