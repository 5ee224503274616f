import { clearTimeout, setTimeout } from "node:timers";
import { ContainerError, invalidArgument } from "../../src/errors.ts";
import type { Backend, FifoWriter } from "./backend.ts";
import { pollBackend } from "./backends/poll.ts";
import type { Descriptors } from "./descriptors.ts";
import { hasReader, Keeper } from "./keeper.ts";
import { systemCode, systemError } from "./system-error.ts";

/** What {@linkcode Input} takes. */
export interface InputOptions {
  /** Path of the FIFO. */
  readonly path: string;
  /** Opens descriptors for keepers. */
  readonly descriptors: Descriptors;
  /** Writes to it. */
  readonly backend: Backend;
  /** Whether a shim may still have to open its end when it has answered. */
  readonly reader: "comes" | "is there";
  /** Called once, after our end was closed. */
  readonly onClosed: () => void;
  /** Whose input it is. */
  readonly containerId: string;
  /** Whose input it is. */
  readonly processId: string;
}

/**
 * A shim that has answered may still have to open its end, for that runs aside: it is looked for
 * soon at first, then each 50 ms, for 10 s in all.
 */
const readerAttempts = 205;
const longestReaderDelayMs = 50;
/**
 * A child that any part of this program starts has copies of our descriptors until its exec is
 * done, and looks like a reader meanwhile. So where bytes would be lost, the reader has to be seen
 * again after these times.
 */
const confirmationDelaysMs: readonly number[] = [2, 8];

/**
 * An input as a stream. A write resolves when the kernel has the bytes. The end that the user
 * closed stays open until the shim reads, because bytes in a FIFO that nobody has open are lost.
 */
export class Input {
  /** What the user writes to. */
  readonly stream: WritableStream<Uint8Array>;
  readonly #options: InputOptions;
  #writer: FifoWriter;
  /** Whether the writer is only the one for the time before the release. */
  #isEarlyWriter: boolean;
  #keeper: Keeper;
  #controller: WritableStreamDefaultController | undefined;
  /** What the user did with the stream. */
  #wish: "open" | "close" | "destroy" = "open";
  /** Chunks that the user wrote and the kernel does not have yet. */
  #pendingChunks = 0;
  #hasWritten = false;
  #onIdle: () => void = () => {};
  #phase: "kept" | "releasing" | "released" | "closed" = "kept";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  constructor(options: InputOptions) {
    this.#options = options;
    const { backend, descriptors, path } = options;
    this.#keeper = new Keeper(descriptors, path);
    this.#isEarlyWriter = backend.writesLate;
    try {
      this.#writer = (this.#isEarlyWriter ? pollBackend : backend).openWriter(path);
    } catch (error) {
      this.#keeper.close();
      throw error;
    }
    this.stream = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#userEnded("close"),
      abort: () => this.#userEnded("destroy"),
    }, {
      highWaterMark: 1,
      size: () => {
        this.#pendingChunks++;
        this.#hasWritten = true;
        return 1;
      },
    });
  }

  /** To be called when the shim has answered: gives the keeper up once the shim reads. */
  release(): void {
    if (this.#phase !== "kept") return;
    this.#phase = "releasing";
    this.#tryRelease(0);
  }

  /**
   * Closes our end after what was written, also while a writer has locked the stream; later writes
   * fail. Before the release it resolves when the kernel has the bytes, for our end is then closed
   * with the release. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    if (this.#wish === "open" && this.#pendingChunks > 0) {
      await new Promise<void>((resolve) => this.#onIdle = resolve);
    }
    if (this.#wish === "open") {
      this.#wish = "close";
      this.#controller?.error(this.#gone("it was closed"));
      if (this.#phase === "released") this.#close("close");
    }
    if (this.#phase !== "kept") await this.#closed.promise;
  }

  /** Closes our end at once; later writes fail. Idempotent. */
  async end(): Promise<void> {
    if (this.#wish === "open") {
      this.#wish = "destroy";
      this.#controller?.error(this.#gone());
    }
    this.#onIdle();
    // Whatever the user wished: what is pending has nobody left to read it.
    await Promise.all([this.#writer.destroy(), this.#close("destroy")]);
  }

  #tryRelease(attempt: number, sightings = 0): void {
    const { descriptors, path, reader } = this.#options;
    this.#keeper.close();
    if (reader === "comes" && attempt < readerAttempts) {
      const isSeen = hasReader(descriptors, path);
      const delayMs = isSeen
        ? (this.#hasWritten ? confirmationDelaysMs[sightings] : undefined)
        : Math.min(2 ** attempt, longestReaderDelayMs);
      if (delayMs !== undefined && this.#keepAgain()) {
        const next = isSeen ? sightings + 1 : 0;
        this.#timer = setTimeout(() => this.#tryRelease(attempt + 1, next), delayMs);
        this.#timer.unref();
        return;
      }
    }
    this.#phase = "released";
    if (this.#wish !== "open") this.#close(this.#wish);
    else if (this.#pendingChunks === 0) this.#replaceEarlyWriter();
  }

  /** Whether there is still a FIFO to keep. */
  #keepAgain(): boolean {
    try {
      this.#keeper = new Keeper(this.#options.descriptors, this.#options.path);
      return true;
    } catch {
      return false; // Gone, and with it who would have read it.
    }
  }

  #replaceEarlyWriter(): void {
    if (!this.#isEarlyWriter || this.#phase !== "released") return;
    this.#isEarlyWriter = false;
    const { backend, descriptors, path } = this.#options;
    const early = this.#writer;
    try {
      const keeper = new Keeper(descriptors, path);
      try {
        this.#writer = backend.openWriter(path);
      } finally {
        keeper.close();
      }
      early.close();
    } catch {
      // The early one is slower, and does the same.
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const { containerId, processId } = this.#options;
    if (!(chunk instanceof Uint8Array)) {
      this.#userEnded("destroy");
      throw invalidArgument(
        "chunk",
        `Cannot write to stdin of process "${processId}": chunk is not a Uint8Array`,
        { plugin: "fifo", containerId, processId },
      );
    }
    try {
      if (chunk.byteLength > 0) await this.#writer.write(chunk);
      this.#replaceEarlyWriter();
      this.#pendingChunks--;
      if (this.#pendingChunks === 0) this.#onIdle();
    } catch (error) {
      if (this.#wish === "destroy") throw this.#gone();
      this.#userEnded("destroy");
      const action = `Cannot write to stdin of process "${processId}"`;
      throw systemCode(error) === "EPIPE"
        ? this.#gone(undefined, error)
        : systemError(action, error, { containerId, processId });
    }
  }

  /** Does not wait for the shim: the user may well close before it is even asked to start. */
  async #userEnded(wish: "close" | "destroy"): Promise<void> {
    if (this.#wish === "open") this.#wish = wish;
    this.#onIdle();
    if (this.#phase === "released") await this.#close(wish);
  }

  #close(how: "close" | "destroy"): Promise<void> {
    this.#phase = "closed";
    clearTimeout(this.#timer);
    this.#keeper.close();
    this.#closing ??= (how === "close" ? this.#writer.close() : this.#writer.destroy())
      .then(() => {
        this.#closed.resolve();
        this.#options.onClosed();
      });
    return this.#closing;
  }

  #gone(state = "nobody reads it any more", cause?: unknown): ContainerError {
    const { containerId, processId } = this.#options;
    return new ContainerError(
      "failed_precondition",
      `Cannot write to stdin of process "${processId}": ${state}`,
      { plugin: "fifo", containerId, processId, cause },
    );
  }
}
