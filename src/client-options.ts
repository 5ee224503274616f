import type { Backend } from "./event-hub.ts";
import type { RuntimeRecorder } from "./recorder.ts";
import type { CallOptions, CreateRequest, Process, Task } from "./runtime.ts";
import type { RuntimeOptions } from "./runtime-options.ts";
import type { InputStream, OutputStream, Stdio, StdioFor, StdioOptions } from "./stdio.ts";

/** Options of a {@linkcode Client}. */
export interface ClientOptions {
  /** Is told of every event. It is subscribed before a runtime is used for the first time. */
  readonly backend?: Backend | undefined;
  /**
   * Is told of errors that no call can report, such as of a stream of yours that failed. Default: they
   * are dropped.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Takes down what is done with runtimes, and what comes of it. Default: nobody does. */
  readonly recorder?: RuntimeRecorder | undefined;
  /** What was chosen and why, for {@linkcode Client.describe}. */
  readonly description?: ClientDescription | undefined;
}

/** Says which runtime a client uses. */
export interface ClientDescription {
  /** Name of the runtime, for instance `containerd`. */
  readonly runtime: string;
  /** Address of the runtime, if it has one. */
  readonly address?: string | undefined;
  /** Why it was chosen. */
  readonly reason: string;
}

/** What {@linkcode Client.create} takes beside id, spec and shim. */
export interface CreateOptions<Shim extends string>
  extends CallOptions, Omit<CreateRequest, "id" | "spec" | "shim" | "runtimeOptions"> {
  /** Options of the shim; their type follows from its name. */
  readonly runtimeOptions?: RuntimeOptions<Shim> | undefined;
  /** Whether it is removed, with its task, when the client is disposed. Default: false. */
  readonly remove?: boolean | undefined;
}

/** All streams of a process, as a {@linkcode StdioCallback} gets them; no errors with a terminal. */
export type PipedStdio = Stdio<InputStream, OutputStream, OutputStream | null>;

/** Is handed the streams of a process before it can run; all are piped. */
export type StdioCallback = (stdio: PipedStdio) => void | Promise<void>;

/** Where the streams of a process go: a description, or what is handed the streams. */
export type StdioChoice = StdioOptions | StdioCallback;

/** The streams that a process has after a {@linkcode StdioChoice}. */
export type StdioOf<Choice> = Choice extends StdioCallback ? PipedStdio
  : Choice extends StdioOptions ? StdioFor<Choice>
  : Stdio;

/** What {@linkcode Client.exec} takes. */
export interface ExecOptions<S extends StdioChoice = StdioChoice> extends CallOptions {
  /** Where the streams go; what is left out is `"null"`. */
  readonly stdio?: S | undefined;
}

/** What {@linkcode Client.start} takes. */
export interface StartOptions<S extends StdioChoice = StdioChoice> extends ExecOptions<S> {
  /** Folder of a checkpoint to continue from, on this host. */
  readonly checkpointDir?: string | undefined;
}

/** Where the streams of {@linkcode Client.run} go: it gives no handle with piped ones. */
export type RunStdio =
  | { readonly [Name in keyof StdioOptions]: Exclude<StdioOptions[Name], "piped"> }
  | StdioCallback;

/** What {@linkcode Client.run} takes. */
export interface RunOptions<Shim extends string>
  extends Omit<CreateOptions<Shim>, "remove">, Omit<StartOptions, "stdio"> {
  /** Where the streams go; what is left out is `"null"`. */
  readonly stdio?: RunStdio | undefined;
}

/** What {@linkcode Client.restore} takes. */
export interface RestoreOptions<S extends StdioOptions = StdioOptions> extends CallOptions {
  /** Shim of the container; without one every opened runtime and the default one is asked. */
  readonly shim?: string | undefined;
  /** The streams to attach to; what is left out is not touched. */
  readonly stdio?: S | undefined;
}

/** What {@linkcode Client.restore} found. */
export interface RestoreResult<out P extends Process = Task> {
  /** Whether the process has not ended. */
  readonly alive: boolean;
  /** Process id on the runtime's host; 0 without a process. */
  readonly pid: number;
  /** The process; `undefined` if there is none: the container has no task, or not this process. */
  readonly process: P | undefined;
}
