import { ContainerError, isContainerError, shown } from "../../src/errors.ts";
import type { ByteSource, OutputTarget, Stdio, StdioOptions } from "../../src/stdio.ts";
import { ClientInput } from "./client-input.ts";
import { ClientOutput } from "./client-output.ts";
import type { HostStdio } from "./host-process.ts";
import type { Pipe } from "./pipe.ts";
import { isStream, type StdioWish, type StreamName } from "./stdio-plan.ts";
import { within } from "./within.ts";

/** What the streams of a client are made with. */
export interface ClientStreamsInit extends Omit<StdioWish, "hasFiles"> {
  /** Is told of a stream of the caller that failed. */
  readonly onStreamError?: ((error: ContainerError) => void) | undefined;
  /** Called once, when our end of the input was closed. */
  readonly onStdinClosed: () => void;
  /** Counts the streams that clients hold. */
  readonly held: Set<object>;
}

/** The streams of one process, as one client has them. */
export class ClientStreams {
  /** What the caller gets. */
  readonly stdio: Stdio;
  readonly #init: ClientStreamsInit;
  readonly #pipes: readonly Pipe[];
  readonly #input: ClientInput | undefined;
  readonly #outputs: readonly ClientOutput[];
  readonly #pumps: Promise<void>[] = [];
  readonly #stopSource = new AbortController();
  #source: ByteSource | undefined;
  #hasFailed = false;

  /**
   * @param host The streams, as the machine has them.
   * @param init Whose they are, and what was asked for.
   */
  constructor(host: HostStdio, init: ClientStreamsInit) {
    this.#init = init;
    const { plugin, ref, onStdinClosed, stdio: { stdin, stdout, stderr } } = init;
    const wantsInput = stdin === "piped" || isStream(stdin);
    this.#input = wantsInput && host.stdin
      ? new ClientInput(host.stdin, plugin, ref, onStdinClosed)
      : undefined;
    const outputs: ClientOutput[] = [];
    const output = (name: StreamName, target: OutputTarget | undefined, pipe: Pipe | undefined) => {
      if (!pipe || !(target === "piped" || isStream(target))) return null;
      const made = new ClientOutput(pipe);
      outputs.push(made);
      if (target === "piped") return made.stream;
      this.#pump(name, made, target as WritableStream<Uint8Array<ArrayBuffer>>);
      return null;
    };
    const out = output("stdout", stdout, host.stdout.pipe);
    // One stream for both is one pipe for both, which is read once.
    const isShared = isStream(stdout) && stdout === stderr;
    const err = isShared ? null : output("stderr", stderr, host.stderr.pipe);
    this.#outputs = outputs;
    this.#pipes = outputs.map(({ pipe }) => pipe);
    this.stdio = {
      stdin: stdin === "piped" ? this.#input?.stream ?? null : null,
      stdout: out,
      stderr: err,
    };
    if (isStream(stdin)) this.#source = stdin as ByteSource;
    if (this.#input || outputs.length > 0) init.held.add(this);
  }

  /** To be called when the process runs: feeds it what the caller gave as its input. */
  started(): void {
    const source = this.#source;
    if (!source || !this.#input) return;
    this.#source = undefined;
    const { signal } = this.#stopSource;
    const stream = source as ReadableStream<Uint8Array>;
    stream.pipeTo(this.#input.stream, { signal }).catch((cause: unknown) => {
      // Many processes end before they have read all: that is no failure.
      const isUnread = isContainerError(cause, "failed_precondition");
      if (!signal.aborted && !isUnread) this.#fail("stdin", cause);
      // Aborting cancels the source; not so in Node (22 to 26) when a write is pending that fails.
      return stream.cancel();
    }).catch(() => {});
  }

  /** Ends the input after what was written. */
  async closeStdin(): Promise<boolean> {
    this.#stopInput();
    await this.#input?.close();
    return this.#input !== undefined;
  }

  /** Waits for the end of the outputs, and for what takes them, for a time. */
  async drain(budgetMs: number): Promise<{ readonly truncated: boolean }> {
    this.#endInput();
    const isEnded = () => this.#pipes.every((pipe) => pipe.isEnded);
    if (!isEnded() || this.#pumps.length > 0) {
      const ends = this.#pipes.map((pipe) =>
        new Promise<void>((resolve) => void pipe.onEnded(resolve))
      );
      await within(Promise.all([...ends, ...this.#pumps]), budgetMs);
    }
    return { truncated: !isEnded() || this.#hasFailed };
  }

  /** Lets go of a process that runs on: its output is left to others. Idempotent. */
  detach(): void {
    this.#endInput();
    for (const output of this.#outputs) output.letGo();
    this.#init.held.delete(this);
  }

  /** Ends everything; what is in the pipes stays readable. Idempotent. */
  close(): void {
    this.#endInput();
    for (const pipe of this.#pipes) pipe.end();
    this.#init.held.delete(this);
  }

  #endInput(): void {
    this.#stopInput();
    this.#input?.letGo();
  }

  #stopInput(): void {
    if (this.#stopSource.signal.aborted) return;
    this.#stopSource.abort();
    const source = this.#source;
    this.#source = undefined;
    if (source && !source.locked) source.cancel().catch(() => {});
  }

  #pump(
    name: StreamName,
    output: ClientOutput,
    target: WritableStream<Uint8Array<ArrayBuffer>>,
  ): void {
    const pump = output.stream.pipeTo(target, { preventCancel: true }).catch((cause: unknown) => {
      output.pipe.discard();
      this.#fail(name, cause);
      this.#hasFailed = true;
    });
    this.#pumps.push(pump);
  }

  #fail(name: StreamName, cause: unknown): void {
    const { plugin, ref, onStreamError } = this.#init;
    const verb = name === "stdin" ? "feed" : "hand over";
    const text = cause instanceof Error ? cause.message : shown(cause);
    const error = new ContainerError(
      "data_loss",
      `Cannot ${verb} ${name} of process "${ref.processId}" of container "${ref.containerId}": its stream failed: ${text}`,
      { plugin, ...ref, cause },
    );
    try {
      onStreamError?.(error);
    } catch {
      // Whoever is told must not stop what goes on.
    }
  }
}

/** What a process gets that reads and writes as was asked for. */
export function wantsPipe(option: StdioOptions[StreamName]): boolean {
  return option === "piped" || isStream(option);
}
