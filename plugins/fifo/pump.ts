import { isContainerError } from "../../src/errors.ts";
import { copyProcessInput, processOutput } from "./inherit.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";

/** Is told of a stream of the caller that failed. */
export type StreamFailure = (cause: unknown) => void;

/** Moves bytes between a FIFO and a stream of the caller. Failures never surface as rejections. */
export interface Pump {
  /** Starts one that feeds the input; others run from the start. */
  startInput(): void;
  /** Ends one that feeds the input, and lets go of its source. */
  stopInput(): void;
  /** Resolves when an output has been handed over to its end. */
  readonly drained: Promise<void>;
  /** Whether the caller's stream failed before an output's end. */
  readonly isFailed: boolean;
}

/**
 * Pumps an output into a stream, which is closed at the end, or into this process's own output. A
 * stream that fails ends the pump; what follows is read and thrown away, so that the process does
 * not stall, also of a process that was attached to.
 */
export class OutputPump implements Pump {
  /** Resolves when everything was handed over, or the stream failed. */
  readonly drained: Promise<void>;
  #isFailed = false;

  /** @param target The caller's stream, or the name of this process's own. */
  constructor(
    output: Output,
    target: WritableStream<Uint8Array> | "stdout" | "stderr",
    onFailure: StreamFailure,
  ) {
    const sink = typeof target === "string" ? processOutput(target) : target;
    this.drained = output.stream.pipeTo(sink, { preventCancel: true }).catch(async (cause) => {
      this.#isFailed = true;
      onFailure(cause);
      await output.discard().catch(() => {}); // of a pipe that could not be read, which was told
    });
  }

  /** Whether the stream failed. */
  get isFailed(): boolean {
    return this.#isFailed;
  }

  /** Nothing to start. */
  startInput(): void {}

  /** Nothing to stop. */
  stopInput(): void {}
}

/** Pumps a stream, or this process's own input, into the input; its end closes the input. */
export class InputPump implements Pump {
  /** An input has nothing to drain. */
  readonly drained: Promise<void> = Promise.resolve();
  /** A source that fails ends the input, which is no failure of an output. */
  readonly isFailed = false;
  readonly #source: ReadableStream<Uint8Array> | "stdin";
  readonly #input: Input;
  readonly #onFailure: StreamFailure;
  readonly #stop = new AbortController();
  #isStarted = false;

  /** @param source The caller's stream, or `stdin` for this process's own. */
  constructor(
    input: Input,
    source: ReadableStream<Uint8Array> | "stdin",
    onFailure: StreamFailure,
  ) {
    this.#input = input;
    this.#source = source;
    this.#onFailure = onFailure;
  }

  /** Starts it; once. */
  startInput(): void {
    if (this.#isStarted || this.#stop.signal.aborted) return;
    this.#isStarted = true;
    const { signal } = this.#stop;
    const done = this.#source === "stdin"
      ? this.#copyOwn(signal)
      : this.#pipe(this.#source, signal);
    done.catch(() => {});
  }

  /** Ends it; a stream is cancelled, also if it was never started. */
  stopInput(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (this.#isStarted || this.#source === "stdin" || this.#source.locked) return;
    this.#source.cancel().catch(() => {});
  }

  /** A source that fails aborts the input, which closes it. */
  async #pipe(source: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    try {
      await source.pipeTo(this.#input.stream, { signal });
    } catch (cause) {
      if (!signal.aborted && !isUnread(cause)) this.#onFailure(cause);
      // Aborting cancels the source; not so in Node (22 to 26) when a write is pending that then
      // fails, as it does at the end of a process that did not read.
      await source.cancel();
    }
  }

  async #copyOwn(signal: AbortSignal): Promise<void> {
    const writer = this.#input.stream.getWriter();
    await copyProcessInput((chunk) => writer.write(chunk), signal);
    if (!signal.aborted) await writer.close();
  }
}

/** Whether a process did not want its input, which is no failure: many end before they read all. */
function isUnread(cause: unknown): boolean {
  return isContainerError(cause, "failed_precondition") && cause.plugin === "fifo";
}
