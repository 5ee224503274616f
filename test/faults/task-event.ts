import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type Any, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { packBare } from "../../plugins/containerd/any.ts";
import * as task from "../../proto/gen/containerd/events/task_pb.ts";

/** What is published: the envelope without what the daemon adds. */
export interface FakeEvent {
  /** Its topic. */
  readonly topic: string;
  /** What it tells. */
  readonly event: Any;
  /** When it happened; an event that is told twice has the same time twice. */
  readonly timestamp: Date;
}

/** Makes the events of tasks, as containerd sends them. */
export const taskEvent = {
  /** A task was created. */
  create: (containerId: string, pid: number): FakeEvent =>
    eventOf("/tasks/create", task.TaskCreateSchema, { containerId, pid }),

  /** Its first process was started. */
  start: (containerId: string, pid: number): FakeEvent =>
    eventOf("/tasks/start", task.TaskStartSchema, { containerId, pid }),

  /** A process ended; the first one has the id of the container. */
  exit: (
    containerId: string,
    pid: number,
    { processId = containerId, code = 0, exitedAt = new Date() }: {
      readonly processId?: string;
      readonly code?: number;
      readonly exitedAt?: Date;
    } = {},
  ): FakeEvent =>
    eventOf("/tasks/exit", task.TaskExitSchema, {
      containerId,
      pid,
      id: processId,
      exitStatus: code,
      exitedAt: timestampFromDate(exitedAt),
    }),

  /** A task was deleted, after its first process had ended so. */
  delete: (
    containerId: string,
    pid: number,
    { code = 0, exitedAt = new Date() }: { readonly code?: number; readonly exitedAt?: Date } = {},
  ): FakeEvent =>
    eventOf("/tasks/delete", task.TaskDeleteSchema, {
      containerId,
      pid,
      exitStatus: code,
      exitedAt: timestampFromDate(exitedAt),
    }),

  /** The kernel ended a process for want of memory. */
  oom: (containerId: string): FakeEvent =>
    eventOf("/tasks/oom", task.TaskOOMSchema, { containerId }),

  /** A further process was added. */
  execAdded: (containerId: string, execId: string): FakeEvent =>
    eventOf("/tasks/exec-added", task.TaskExecAddedSchema, { containerId, execId }),

  /** A further process was started. */
  execStarted: (containerId: string, execId: string, pid: number): FakeEvent =>
    eventOf("/tasks/exec-started", task.TaskExecStartedSchema, { containerId, execId, pid }),

  /** All processes were frozen. */
  paused: (containerId: string): FakeEvent =>
    eventOf("/tasks/paused", task.TaskPausedSchema, { containerId }),

  /** All processes were thawed. */
  resumed: (containerId: string): FakeEvent =>
    eventOf("/tasks/resumed", task.TaskResumedSchema, { containerId }),

  /** A checkpoint was written. */
  checkpointed: (containerId: string): FakeEvent =>
    eventOf("/tasks/checkpointed", task.TaskCheckpointedSchema, { containerId }),
} as const;

// No two events happen at the same time; Date has only milliseconds, and so has what is compared.
let last = 0;
function laterThanAll(): Date {
  last = Math.max(last + 1, Date.now());
  return new Date(last);
}

function eventOf<Desc extends DescMessage>(
  topic: string,
  schema: Desc,
  init: MessageInitShape<Desc>,
): FakeEvent {
  const message: MessageShape<Desc> = create(schema, init);
  return { topic, event: packBare(schema, message), timestamp: laterThanAll() };
}
