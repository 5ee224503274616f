import type { ContainerEvent } from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";

/** A process of a container, by its ids. */
export interface ProcessRef {
  /** The container it is in. */
  readonly containerId: string;
  /** Its id; `init` for the first one. */
  readonly processId: string;
}

/** What a runtime tells of a process that it is asked for. */
export interface ProcessState {
  /** Process id on the runtime's host; 0 before it is started. */
  readonly pid: number;
  /** Its state; one that is being paused is `running`. */
  readonly state: "created" | "running" | "paused" | "stopped";
  /** How it ended, if it is stopped and that is known. */
  readonly exit?: ExitStatus | undefined;
}

/** What a runtime tells of a task: its first process. */
export interface TaskState extends ProcessState {
  /** The container it is of. */
  readonly containerId: string;
}

/** What the runtime's own handles learn of a process, not by an event. */
export interface ProcessNote extends ProcessRef {
  /** What is known: that it was started, or that it has ended. */
  readonly type: "started" | "ended";
  /** Process id on the runtime's host. */
  readonly pid: number;
  /** How it ended. */
  readonly status?: ExitStatus | undefined;
}

/** Is told what one subscription brings. */
export interface EventSink {
  /** To be called once what happens from now on is told. */
  live(): void;
  /**
   * Takes an event as it came; it may come twice, late or too early.
   *
   * @param exit How the process ended, where another event than its exit tells that, too.
   */
  event(event: ContainerEvent, exit?: ExitStatus): void;
}

/**
 * A runtime's events as its wire brings them, and the questions that close the gaps in them. From it
 * `gaplessEvents()` makes the stream that a runtime gives.
 */
export interface EventSource {
  /**
   * Subscribes once. Ends, or rejects, when the subscription breaks or the signal aborts; must not
   * end before.
   */
  subscribe(sink: EventSink, signal: AbortSignal): Promise<void>;
  /** All tasks as they are now. */
  listTasks(signal: AbortSignal): Promise<readonly TaskState[]>;
  /** A process as it is now; `undefined` if there is none. Rejects if the runtime does not answer. */
  findProcess(ref: ProcessRef, signal: AbortSignal): Promise<ProcessState | undefined>;
  /** Whether the kernel ended a process of a container for want of memory. */
  wasOomKilled?(containerId: string, signal: AbortSignal): Promise<boolean | "unknown">;
  /** Tells what the runtime's own handles learn; gives what ends that. */
  onNote?(listener: (note: ProcessNote) => void): () => void;
}
