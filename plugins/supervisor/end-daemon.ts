import process from "node:process";
import { ContainerError } from "../../src/errors.ts";
import { systemCode } from "../fifo/system-error.ts";
import { fileError } from "./file-error.ts";
import { pause } from "./pause.ts";
import { isAlive, type ProcessIdentity } from "./process-table.ts";

/** How long the kernel may take to end what was killed. */
const KILL_BUDGET_MS = 10_000;
const LONGEST_DELAY_MS = 50;

/** Which processes are a daemon, as of now; only those that are proven to be it. */
export type DaemonProcesses = () => readonly ProcessIdentity[];

/**
 * Ends a daemon in order: SIGTERM, and after the budget SIGKILL. Its shims are processes of their
 * own. Where the program is a script, the daemon that it has started is ended, too.
 *
 * @throws {ContainerError} `deadline_exceeded` if the kernel does not end it, `permission_denied` if
 * this process may not.
 */
export async function endDaemon(daemon: DaemonProcesses, budgetMs: number): Promise<void> {
  await endWith("SIGTERM", daemon, budgetMs);
}

/**
 * Ends a daemon that hangs, and has it write stack traces before; errors as above.
 *
 * @param dumpMs How long it gets to write them.
 */
export async function killHungDaemon(daemon: DaemonProcesses, dumpMs: number): Promise<void> {
  await endWith("SIGUSR1", daemon, dumpMs);
}

async function endWith(
  first: "SIGTERM" | "SIGUSR1",
  daemon: DaemonProcesses,
  budgetMs: number,
): Promise<void> {
  const asked = daemon();
  for (const each of asked) send(each, first);
  await untilGone(asked, budgetMs);
  // One that is about to end has closed its socket, and would not be proven again.
  const rest = [...asked, ...daemon()].filter(isAlive);
  for (const each of rest) send(each, "SIGKILL");
  const left = await untilGone(rest, KILL_BUDGET_MS);
  if (left === undefined) return;
  throw new ContainerError(
    "deadline_exceeded",
    `Cannot stop containerd: process ${left.pid} is there ${KILL_BUDGET_MS} ms after SIGKILL`,
    { plugin: "supervisor" },
  );
}

/** The id may have gone to another process, so that it is looked at right before. */
function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return;
    throw fileError(`Cannot send ${signal} to process ${identity.pid}`, error);
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
