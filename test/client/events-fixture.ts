import type { ExitEvent, StartEvent } from "../../src/events.ts";
import { exited } from "./fake-runtime.ts";

/** The start of a container. */
export function startOf(containerId: string): StartEvent {
  return { type: "start", containerId, pid: 1, timestamp: new Date(0), source: "observed" };
}

/** The end of a container's first process. */
export function exitOf(containerId: string, code = 0): ExitEvent {
  return {
    type: "exit",
    containerId,
    processId: "init",
    pid: 1,
    status: exited(code),
    timestamp: new Date(0),
    source: "observed",
  };
}
