import type { ContainerError } from "./errors.ts";
import type { CallOptions } from "./runtime.ts";

/**
 * Where a process reads its input from.
 *
 * - `"null"` (default): no input, end of file at once
 * - `"piped"`: a `WritableStream` on the process handle
 * - `"inherit"`: the input of this process
 * - `{ file }`: an existing file on the runtime's host
 * - a `ReadableStream`: pumped into the process, closed at its end
 */
export type InputSource =
  | "null"
  | "piped"
  | "inherit"
  | { readonly file: string }
  | ByteSource;

/**
 * What is used of a `ReadableStream` of bytes, which must be one of the JavaScript runtime's own. The
 * type of what Node's `Readable.toWeb()` gives is not that of browsers; this takes both.
 */
export interface ByteSource {
  /** Whether somebody reads it already; it is then refused. */
  readonly locked: boolean;
  /** Tells that nobody will read it. */
  cancel(reason?: unknown): Promise<void>;
  /** Reads it. */
  getReader(): {
    /** The next bytes, or the end. */
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  };
}

/**
 * Where a process writes its output to.
 *
 * - `"null"` (default): discarded
 * - `"piped"`: a `ReadableStream` on the process handle, with back-pressure
 * - `"inherit"`: the output of this process
 * - `{ file }`: appended to a file on the runtime's host, which is created if missing
 * - `{ uri }`: handed to the shim as it is, for instance `binary:///usr/bin/logger?tag=web`
 * - a `WritableStream`: the output is pumped into it and it is closed at the end
 */
export type OutputTarget =
  | "null"
  | "piped"
  | "inherit"
  | { readonly file: string }
  | { readonly uri: string }
  | WritableStream<Uint8Array<ArrayBuffer>>;

/** The three streams of a process; what is left out is `"null"`. */
export interface StdioOptions {
  /** Input of the process. */
  readonly stdin?: InputSource;
  /** Output of the process; with a terminal its errors are in it, too. */
  readonly stdout?: OutputTarget;
  /** Errors of the process; must be left out or `"null"` with a terminal. */
  readonly stderr?: OutputTarget;
}

/** The type of a stream on the process handle: there if it was asked for as `"piped"`. */
export type Piped<Option, Stream> = [Option] extends ["piped"] ? Stream
  : "piped" extends Option ? Stream | null
  : null;

/** Input of a process: a stream that is written to. */
export type InputStream = WritableStream<Uint8Array>;

/** Output of a process: a stream that is read from. */
export type OutputStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** The piped streams of a process. What is not `"piped"` is `null`. */
export interface Stdio<
  Stdin extends InputStream | null = InputStream | null,
  Stdout extends OutputStream | null = OutputStream | null,
  Stderr extends OutputStream | null = OutputStream | null,
> {
  /**
   * Input of the process. Closing it closes the pipe and tells the shim, so the process sees the
   * end of its input; it may be closed before the process is started.
   */
  readonly stdin: Stdin;
  /** Output of the process. What is not read stalls the process, not this one's memory. */
  readonly stdout: Stdout;
  /** Errors of the process. */
  readonly stderr: Stderr;
}

/** The streams that a process has of which these were asked for. */
export type StdioFor<Options extends StdioOptions> = Stdio<
  Piped<OptionOf<Options, "stdin">, InputStream>,
  Piped<OptionOf<Options, "stdout">, OutputStream>,
  Piped<OptionOf<Options, "stderr">, OutputStream>
>;

/**
 * The streams of a process that is attached to, by a description: those that were not piped when it
 * was started are `null`, whatever is asked for.
 */
export type RestoredStdio<Options extends StdioOptions> = Stdio<
  Piped<OptionOf<Options, "stdin">, InputStream> | null,
  Piped<OptionOf<Options, "stdout">, OutputStream> | null,
  Piped<OptionOf<Options, "stderr">, OutputStream> | null
>;

/** What is asked for of one stream; `undefined` where it is left out. */
export type OptionOf<Options, Name extends keyof StdioOptions> = Name extends keyof Options
  ? Options[Name]
  : undefined;

/** The paths or URIs that are sent to a shim; `""` means none. */
export interface StdioPaths {
  /** A FIFO or file to read input from. */
  readonly stdin: string;
  /** A FIFO, file or URI to write output to. */
  readonly stdout: string;
  /** A FIFO, file or URI to write errors to; `""` with a terminal. */
  readonly stderr: string;
}

/** Whose streams something is about, where ids are used once in each namespace. */
export interface StdioOwner {
  /** The namespace of the container; empty or left out where its runtime has none. */
  readonly namespace?: string | undefined;
  /** The container. */
  readonly containerId: string;
}

/** What a {@linkcode StdioDriver} is asked to set up. */
export interface StdioRequest extends StdioOwner {
  /** The process; `init` is the first one. */
  readonly processId: string;
  /** Whether the process has a terminal. */
  readonly terminal: boolean;
  /** Where the streams go. */
  readonly stdio: StdioOptions;
  /**
   * Called once, after our end of stdin was closed, whoever closed it. The runtime then tells the
   * shim (CloseIO), as soon as the process exists.
   */
  readonly onStdinClosed: () => void;
  /**
   * Is told of a stream of the caller that failed, once for each: what it should have got, or
   * given, is lost. The process goes on: its output is read and thrown away, its input ends.
   */
  readonly onStreamError?: ((error: ContainerError) => void) | undefined;
}

/** Gives the streams of one process; made by a {@linkcode StdioDriver}. */
export interface StdioSession {
  /** What the runtime sends to the shim. */
  readonly paths: StdioPaths;
  /** What the caller gets. */
  readonly stdio: Stdio;
  /**
   * To be called when the shim has opened its ends, that is when Start has answered. Until then the
   * driver keeps the pipes open on the shim's behalf. Idempotent.
   */
  release(): void;
  /**
   * Ends stdin after what was written, also while its stream is locked by a writer. Resolves when
   * our end is closed; without a stdin of ours at once. Idempotent.
   */
  closeStdin(): Promise<void>;
  /**
   * To be called when the process has ended: closes stdin and reads the outputs to their end, for
   * at most `budgetMs`, without waiting for a slow consumer; what was read stays readable.
   *
   * @returns `truncated` if the end was not reached, for instance because a child still holds it.
   */
  drain(budgetMs: number): Promise<{ readonly truncated: boolean }>;
  /**
   * Lets go of a process that runs on, so that others may attach to it: closes our ends and removes
   * nothing. Called when a client is closed. Idempotent.
   */
  detach?(): Promise<void>;
  /** Ends everything and removes what the driver made. Output already read stays readable. Idempotent. */
  close(): Promise<void>;
}

/**
 * What a driver found of the processes of one container; see {@linkcode StdioDriver.leftovers}. Having
 * found it changes nothing.
 */
export interface StdioLeftovers {
  /**
   * Lets shims go on that wait for the other end of a pipe whose client is gone, until it is removed
   * or released. What was made within the last second is left alone, for whoever makes it may just
   * be about to open it: a caller that still waits calls for a further search, and this, again.
   * Never throws.
   *
   * @param which Of which processes:
   * - `further`: those that were added. It costs them nothing.
   * - `all`: also the first one, whose making then fails for good. Only for a forced removal.
   */
  unblock(which: "further" | "all"): void;
  /** Removes it, but not what somebody uses. To be called when the container is gone. Never rejects. */
  remove(): Promise<void>;
  /** Leaves it there, and lets go of it. Idempotent. */
  release(): void;
}

/** Makes the streams of processes on one host, for instance by FIFOs or named pipes. */
export interface StdioDriver {
  /**
   * Makes what is needed for a new process.
   *
   * @throws {ContainerError} `invalid_argument` for a description that cannot be served.
   */
  prepare(request: StdioRequest, options?: CallOptions): Promise<StdioSession>;
  /**
   * Opens again the streams of a process that another one made; `paths` is what its shim reports.
   * A stream whose path is not a pipe, or whose pipe is gone, is `null` or ends at once.
   */
  attach(request: StdioRequest, paths: StdioPaths, options?: CallOptions): Promise<StdioSession>;
  /**
   * Finds what the processes of a container have now, whoever made it: a client that was killed
   * removes nothing. It leaves all of it as it is, however often it is called. Never rejects.
   */
  leftovers?(owner: StdioOwner): Promise<StdioLeftovers>;
}
