import type { Any } from "@bufbuild/protobuf/wkt";
import * as task from "../../proto/gen/containerd/events/task_pb.ts";
import type { Envelope } from "../../proto/gen/containerd/types/event_pb.ts";
import type { ContainerEvent, EventBase } from "../../src/events.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { unpack } from "./any.ts";
import { dateOf } from "./times.ts";

/** Turns an event of a task, known by its topic, into one of ours. */
type Decoder = (event: Any, base: Omit<EventBase, "containerId">) => ContainerEvent | undefined;

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
    const { containerId, id, pid, exitStatus: code, exitedAt } = message;
    return {
      ...base,
      type: "exit",
      containerId,
      processId: processIdOf(id, containerId),
      pid,
      status: {
        state: "exited",
        code,
        exitedAt: dateOf(exitedAt),
        oomKilled: "unknown",
        truncated: false,
      },
    };
  },
  "/tasks/delete": (event, base) => {
    const message = unpack(event, task.TaskDeleteSchema);
    if (!message) return undefined;
    const { containerId, id } = message;
    return { ...base, type: "delete", containerId, processId: processIdOf(id, containerId) };
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

/** The event in an envelope; `undefined` for one that is not about a task. */
export function decodeEvent({ topic, timestamp, event }: Envelope): ContainerEvent | undefined {
  if (!event) return undefined;
  return decoders[topic]?.(event, { timestamp: dateOf(timestamp), source: "observed" });
}
