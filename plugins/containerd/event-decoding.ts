import type { Any } from "@bufbuild/protobuf/wkt";
import * as task from "../../proto/gen/containerd/events/task_pb.ts";
import type { Envelope } from "../../proto/gen/containerd/types/event_pb.ts";
import type { ContainerEvent, EventBase } from "../../src/events.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { unpack } from "./any.ts";
import { dateOf } from "./times.ts";
import { exitedStatus, toldExit } from "./told-exit.ts";

/** Turns an event of a task, known by its topic, into one of ours. */
type Decoder = (event: Any, base: Omit<EventBase, "containerId">) => ContainerEvent | undefined;

/** The code that containerd makes up for one that it does not know. */
const UNKNOWN = 255;

/** containerd calls the first process by the id of its container, or leaves its id empty. */
function processIdOf(id: string, containerId: string): string {
  return id === "" || id === containerId ? INIT_PROCESS : id;
}

const decoders: Readonly<Record<string, Decoder>> = {
  "/tasks/create": (event, base) => {
    const message = unpack(event, task.TaskCreateSchema);
    return message &&
      { ...base, type: "create", containerId: message.containerId, pid: message.pid };
  },
  "/tasks/start": (event, base) => {
    const message = unpack(event, task.TaskStartSchema);
    return message &&
      { ...base, type: "start", containerId: message.containerId, pid: message.pid };
  },
  "/tasks/exit": (event, base) => {
    const message = unpack(event, task.TaskExitSchema);
    if (!message) return undefined;
    const { containerId, id, pid, exitStatus: code } = message;
    const { timestamp } = base;
    // Of a shim that is gone, and could not be cleared away after, containerd knows nothing.
    if (pid === 0 && code === UNKNOWN && processIdOf(id, containerId) === INIT_PROCESS) {
      const reason = "containerd does not know how it ended";
      const status = { state: "lost", reason, noticedAt: timestamp } as const;
      const source = "lost" as const;
      return { ...base, source, type: "exit", containerId, processId: INIT_PROCESS, pid, status };
    }
    const status = toldExit(message) ?? exitedStatus({ code, exitedAt: timestamp });
    return {
      ...base,
      type: "exit",
      containerId,
      processId: processIdOf(id, containerId),
      pid,
      status,
    };
  },
  "/tasks/delete": (event, base) => {
    const message = unpack(event, task.TaskDeleteSchema);
    if (!message) return undefined;
    const { containerId, id, pid } = message;
    return { ...base, type: "delete", containerId, processId: processIdOf(id, containerId), pid };
  },
  "/tasks/oom": (event, base) => {
    const message = unpack(event, task.TaskOOMSchema);
    return message && { ...base, type: "oom", containerId: message.containerId };
  },
  "/tasks/exec-added": (event, base) => {
    const message = unpack(event, task.TaskExecAddedSchema);
    if (!message) return undefined;
    const { containerId, execId: processId } = message;
    return { ...base, type: "exec-added", containerId, processId };
  },
  "/tasks/exec-started": (event, base) => {
    const message = unpack(event, task.TaskExecStartedSchema);
    if (!message) return undefined;
    const { containerId, execId: processId, pid } = message;
    return { ...base, type: "exec-started", containerId, processId, pid };
  },
  "/tasks/paused": (event, base) => {
    const message = unpack(event, task.TaskPausedSchema);
    return message && { ...base, type: "paused", containerId: message.containerId };
  },
  "/tasks/resumed": (event, base) => {
    const message = unpack(event, task.TaskResumedSchema);
    return message && { ...base, type: "resumed", containerId: message.containerId };
  },
  "/tasks/checkpointed": (event, base) => {
    const message = unpack(event, task.TaskCheckpointedSchema);
    return message && { ...base, type: "checkpointed", containerId: message.containerId };
  },
};

/** How a process ended, as the event of its deletion tells it. */
export function decodeDeletedExit({ topic, event }: Envelope): ExitStatus | undefined {
  if (topic !== "/tasks/delete" || event === undefined) return undefined;
  const message = unpack(event, task.TaskDeleteSchema);
  return message && toldExit(message);
}

/** The event in an envelope; `undefined` for one that is not about a task. */
export function decodeEvent({ topic, timestamp, event }: Envelope): ContainerEvent | undefined {
  if (!event) return undefined;
  return decoders[topic]?.(event, { timestamp: dateOf(timestamp), source: "observed" });
}
