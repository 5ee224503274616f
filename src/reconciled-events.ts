import type { ProcessRef } from "./event-source.ts";
import type {
  CreateEvent,
  DeleteEvent,
  ExecAddedEvent,
  ExecStartedEvent,
  ExitEvent,
  OomEvent,
  StartEvent,
  StateEvent,
} from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";

const noticed = () => ({ timestamp: new Date(), source: "reconciled" }) as const;

/** A task is there whose creation was not told. */
export function createEvent(containerId: string, pid: number): CreateEvent {
  return { ...noticed(), type: "create", containerId, pid };
}

/** A task runs whose start was not told. */
export function startEvent(containerId: string, pid: number): StartEvent {
  return { ...noticed(), type: "start", containerId, pid };
}

/** A further process is there whose addition was not told. */
export function execAddedEvent({ containerId, processId }: ProcessRef): ExecAddedEvent {
  return { ...noticed(), type: "exec-added", containerId, processId };
}

/** A further process runs whose start was not told. */
export function execStartedEvent(ref: ProcessRef, pid: number): ExecStartedEvent {
  const { containerId, processId } = ref;
  return { ...noticed(), type: "exec-started", containerId, processId, pid };
}

/** A task is frozen, or is not, and that was not told. */
export function stateEvent(containerId: string, type: StateEvent["type"]): StateEvent {
  return { ...noticed(), type, containerId };
}

/** The kernel ended a process for want of memory, and that was not told. */
export function oomEvent(containerId: string): OomEvent {
  return { ...noticed(), type: "oom", containerId };
}

/** A record is gone, and that was not told. */
export function deleteEvent({ containerId, processId }: ProcessRef, pid: number): DeleteEvent {
  return { ...noticed(), type: "delete", containerId, processId, pid };
}

/** A process has ended, and that was not told. Without a status nobody knows how. */
export function exitEvent(ref: ProcessRef, pid: number, status?: ExitStatus): ExitEvent {
  const { containerId, processId } = ref;
  const known = status ?? {
    state: "lost",
    reason: "its record is gone and its end was not told",
    noticedAt: new Date(),
  } as const;
  const isLost = known.state === "lost";
  return {
    type: "exit",
    containerId,
    processId,
    pid,
    status: known,
    timestamp: isLost ? known.noticedAt : known.exitedAt,
    source: isLost ? "lost" : "reconciled",
  };
}
