import { invalidArgument, shown } from "../../src/errors.ts";
import type { HostProcess } from "./host-process.ts";

/**
 * Waits, by the clock of a process's machine; time in which the process is held up does not count.
 * Rejects when the process has ended.
 *
 * @param durationMs How long, in milliseconds.
 */
export function sleepOf(process: HostProcess, durationMs: number): Promise<void> {
  if (typeof durationMs !== "number" || !(durationMs >= 0)) {
    const message = `Cannot sleep for "${shown(durationMs)}" ms: not a number from 0`;
    return Promise.reject(invalidArgument("durationMs", message));
  }
  const { freezer, ended, machine: { clock } } = process;
  return new Promise((resolve, reject) => {
    let restMs = durationMs;
    let sinceMs = 0;
    let cancel: () => void = () => {};
    const run = () => {
      sinceMs = clock.now();
      // A sleep without an end needs no timer.
      cancel = restMs === Infinity ? () => {} : clock.after(restMs, done);
    };
    const hold = () => {
      cancel();
      restMs -= clock.now() - sinceMs;
      if (restMs < 0) restMs = 0;
    };
    const ignore = freezer.onChange((isFrozen) => isFrozen ? hold() : run());
    const clear = () => {
      cancel();
      ignore();
      ended.removeEventListener("abort", abort);
    };
    const done = () => {
      clear();
      resolve();
    };
    const abort = () => {
      clear();
      reject(ended.reason);
    };
    ended.addEventListener("abort", abort, { once: true });
    if (ended.aborted) abort();
    else if (!freezer.isFrozen) run();
  });
}
