import type { ContainerError } from "./errors.ts";
import type { StdioOptions } from "./stdio.ts";

/** The last argument of every call. */
export interface CallOptions {
  /** Ends the call; it then rejects with `signal.reason`, unchanged. */
  readonly signal?: AbortSignal | undefined;
}

/** What `Runtime.listContainers()` takes. */
export interface ListOptions extends CallOptions {
  /** Filters, any of which must match, in the syntax of the runtime: `labels."app"==web`. */
  readonly filters?: readonly string[] | undefined;
}

/** What all calls take that set up, or attach to, the streams of a process. */
export interface StdioCallOptions extends CallOptions {
  /** Where the streams of the process go; what is left out of an attach is not touched. */
  readonly stdio?: StdioOptions | undefined;
  /**
   * Is told of a stream of `stdio` that failed, once for each: what it should have got, or given, is
   * lost. The process goes on.
   */
  readonly onStreamError?: ((error: ContainerError) => void) | undefined;
}

/** What a task is made with. */
export interface NewTaskOptions extends StdioCallOptions {
  /** Folder of a checkpoint that the task continues from. */
  readonly checkpointDir?: string | undefined;
}

/** How a handle finds the streams of a process that runs already: `"piped"` or a stream each. */
export type AttachOptions = StdioCallOptions;

/** What `Container.task()` takes. */
export interface FindTaskOptions extends AttachOptions {
  /**
   * Whether it is found to be removed with force. Then what a client that was killed has left
   * half made may be given up for an answer, and a runtime may limit how long it waits for one.
   * Default: false, which waits as long as the caller does.
   */
  readonly force?: boolean | undefined;
}

/** What a further process is made with. */
export type ExecTaskOptions = StdioCallOptions;

/** What `Process.kill()` takes. */
export interface KillOptions extends CallOptions {
  /** Whether every process of the container gets the signal. Default: false. */
  readonly all?: boolean | undefined;
}

/** What `Process.delete()` takes. */
export interface DeleteOptions extends CallOptions {
  /** Whether a running process is killed first. Default: false. */
  readonly force?: boolean | undefined;
}

/** What `Task.createCheckpoint()` takes. */
export interface CheckpointOptions extends CallOptions {
  /** Whether the task ends once the checkpoint is written. Default: false. */
  readonly exit?: boolean | undefined;
}
