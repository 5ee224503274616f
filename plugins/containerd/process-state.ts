import type { GetResponse } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { type Process, Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import type { ProcessState } from "../../src/event-source.ts";
import type { ProcessStatus } from "../../src/runtime.ts";
import { endOf, toldExit } from "./told-exit.ts";

const states: Readonly<Record<number, ProcessStatus["state"]>> = {
  [Status.CREATED]: "created",
  [Status.RUNNING]: "running",
  [Status.STOPPED]: "stopped",
  [Status.PAUSED]: "paused",
  [Status.PAUSING]: "pausing",
};

/** The state of a process, as containerd tells it. */
export function processStatus({ process }: GetResponse): ProcessStatus {
  const state = states[process?.status ?? Status.UNKNOWN] ?? "unknown";
  const pid = process?.pid ?? 0;
  if (state !== "stopped") return { state, pid };
  return { state, pid, ...(process && endOf(process)) };
}

/**
 * The state of a process, if containerd knows it; one that is being paused still runs, and one that
 * is being removed without having ended is gone.
 */
export function knownState(process: Process): ProcessState | undefined {
  const { pid, status } = process;
  const state = states[status];
  if (state === undefined || state === "unknown") return undefined;
  if (state === "stopped") {
    const exit = toldExit(process);
    return exit && { pid, state, exit };
  }
  return { pid, state: state === "pausing" ? "running" : state };
}
