import type { FifoReader, ReadSink } from "./backend.ts";

/** What is read ahead of a consumer, beside what the pipe and one read hold. */
const readAheadBytes = 128 * 1024;
/** What is read ahead at the end of a process, when its output must be out before it is deleted. */
const drainLimitBytes = 8 * 1024 * 1024;

/** What {@linkcode Output} takes. */
export interface OutputOptions {
  /**
   * What a consumer's cancel does: `discard` reads on and throws away, so that a process whose
   * output nobody wants does not stall; `detach` closes our end and leaves the pipe to others.
   */
  readonly onCancel: "discard" | "detach";
  /** Makes the error for a failed read. */
  readonly failure: (cause: unknown) => Error;
}

/**
 * An output as a stream.
 *
 * The stream's high-water mark is 0, so that it pulls exactly while somebody waits for bytes: then,
 * and only then, the event loop is kept alive. Bytes go straight from the read into the stream's
 * own queue, whose length stops and restarts reading.
 */
export class Output implements ReadSink {
  /** What the consumer reads. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Resolves at the end of the output, a failure or `close()`. */
  readonly ended: Promise<void>;
  readonly #options: OutputOptions;
  readonly #reader: FifoReader;
  readonly #resolveEnded: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #limitBytes = readAheadBytes;
  #flow: "new" | "reading" | "paused" = "new";
  #mode: "deliver" | "discard" = "deliver";
  #onCancel: OutputOptions["onCancel"];
  #isDraining = false;
  #end: "open" | "complete" | "failed" | "closed" = "open";

  /** @param open Opens our end. */
  constructor(open: (sink: ReadSink) => FifoReader, options: OutputOptions) {
    this.#options = options;
    this.#onCancel = options.onCancel;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#reader.keepAlive("needed");
        this.#resume();
      },
      cancel: () => this.#cancel(),
    }, { highWaterMark: 0, size: (chunk) => chunk.byteLength });
    this.#reader = open(this);
  }

  /** Whether everything was read up to the end. */
  get isComplete(): boolean {
    return this.#end === "complete";
  }

  /** {@inheritDoc ReadSink.data} */
  data(chunk: Uint8Array): "pause" | "more" {
    if (this.#mode === "discard" || this.#controller === undefined) return "more";
    // Before the bytes are handed over, as a consumer that waits for more pulls at once.
    if (!this.#isDraining) this.#reader.keepAlive("idle");
    this.#controller.enqueue(chunk);
    if (-(this.#controller.desiredSize ?? 0) < this.#limitBytes) return "more";
    this.#flow = "paused";
    return "pause";
  }

  /** {@inheritDoc ReadSink.end} */
  end(error?: unknown): void {
    this.#finish(error === undefined ? "complete" : "failed", error);
  }

  /** Reads to the end without waiting for the consumer, up to a limit of memory. */
  drain(): Promise<void> {
    if (this.#end === "open") {
      this.#isDraining = true;
      this.#limitBytes = drainLimitBytes;
      this.#reader.keepAlive("needed");
      this.#resume();
    }
    return this.ended;
  }

  /** Reads on and throws away, whatever a cancel would do; the stream must not be locked. */
  async discard(): Promise<void> {
    this.#onCancel = "discard";
    await this.stream.cancel();
  }

  /** Stops keeping the event loop alive for a drain whose time is up. */
  stopDraining(): void {
    this.#isDraining = false;
    if (this.#end === "open") this.#reader.keepAlive("idle");
  }

  /** Closes our end; what was read stays readable, then the stream ends. Idempotent. */
  async close(): Promise<void> {
    this.#finish("closed");
    await this.#reader.close();
  }

  #resume(): void {
    if (this.#flow === "reading" || this.#end !== "open") return;
    this.#flow = "reading";
    this.#reader.resume();
  }

  async #cancel(): Promise<void> {
    this.#mode = "discard";
    if (this.#onCancel === "detach") return await this.close();
    if (!this.#isDraining) this.#reader.keepAlive("idle");
    this.#resume();
  }

  #finish(end: "complete" | "failed" | "closed", error?: unknown): void {
    if (this.#end !== "open") return;
    this.#end = end;
    if (this.#mode === "deliver") {
      if (end === "failed") this.#controller?.error(this.#options.failure(error));
      else this.#controller?.close();
    }
    this.#reader.close();
    this.#resolveEnded();
  }
}
