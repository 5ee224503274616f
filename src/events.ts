import type { ExitStatus } from "./exit-status.ts";

/** Fields of every event about a container. */
export interface EventBase {
  /** The container it is about. */
  readonly containerId: string;
  /**
   * When it happened, by the clock of the runtime's host; where only the change was noticed, when
   * that was, by the clock of this host.
   */
  readonly timestamp: Date;
  /**
   * How it is known: `observed` from the runtime's own event, `reconciled` from asking for the
   * state where that event did not come, `lost` if only the disappearance was noticed.
   */
  readonly source: "observed" | "reconciled" | "lost";
}

/** The task of a container was created; its process does not run yet. */
export interface CreateEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "create";
  /** Process id of the first process, on the runtime's host. */
  readonly pid: number;
}

/** The first process of a container was started. */
export interface StartEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "start";
  /** Process id of the first process, on the runtime's host. */
  readonly pid: number;
}

/**
 * A process ended: exactly one for each whose start was told, after its start, whatever died
 * meanwhile. What began and ended while nobody was connected is told as far as its handle, or the
 * runtime, still knows of it; a reader that is too slow gets a {@linkcode GapEvent}.
 */
export interface ExitEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "exit";
  /** The process that ended; `init` is the first one of the container. */
  readonly processId: string;
  /** Process id on the runtime's host; 0 where it is not known. */
  readonly pid: number;
  /** How it ended. */
  readonly status: ExitStatus;
}

/** The kernel ended a process of the container for want of memory. */
export interface OomEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "oom";
}

/** The record of a process was deleted; with that of the first one goes the task. */
export interface DeleteEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "delete";
  /** The process whose record was deleted; `init` is the first one of the container. */
  readonly processId: string;
  /** What was its process id on the runtime's host; 0 where it is not known. */
  readonly pid: number;
}

/** A further process was added to a container; it does not run yet. */
export interface ExecAddedEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "exec-added";
  /** The process that was added. */
  readonly processId: string;
}

/** A further process of a container was started. */
export interface ExecStartedEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "exec-started";
  /** The process that was started. */
  readonly processId: string;
  /** Process id on the runtime's host. */
  readonly pid: number;
}

/** The processes of a container were frozen, or thawed, or written to a checkpoint. */
export interface StateEvent extends EventBase {
  /** Discriminates the union. */
  readonly type: "paused" | "resumed" | "checkpointed";
}

/** An event about one container. */
export type ContainerEvent =
  | CreateEvent
  | StartEvent
  | ExitEvent
  | OomEvent
  | DeleteEvent
  | ExecAddedEvent
  | ExecStartedEvent
  | StateEvent;

/** The stream lost, or found again, its runtime. */
export interface StreamEvent {
  /** Discriminates the union. */
  readonly type: "connected" | "disconnected";
  /** When it was noticed, by the clock of this host. */
  readonly timestamp: Date;
}

/** The reader was too far behind: events were dropped here, and state must be asked for. */
export interface GapEvent {
  /** Discriminates the union. */
  readonly type: "gap";
  /** When the next event was kept again, by the clock of this host. */
  readonly timestamp: Date;
  /** How many events were dropped. */
  readonly missed: number;
}

/** What {@linkcode EventStream} yields. */
export type RuntimeEvent = ContainerEvent | StreamEvent | GapEvent;

/**
 * A subscription. It is live from `ready` on: what happens after that is yielded, in order for
 * each container. It ends without a throw when its signal aborts or it is disposed.
 */
export interface EventStream extends AsyncIterable<RuntimeEvent>, AsyncDisposable {
  /** Resolves when the subscription is live; rejects if it could not be made. */
  readonly ready: Promise<void>;
}
