import { ContainerError, invalidArgument } from "../../src/errors.ts";
import type { ProcessRef } from "../../src/event-source.ts";
import type { Pipe } from "./pipe.ts";

/** The input of a process, as its client has it. */
export class ClientInput {
  /** What the user writes to. */
  readonly stream: WritableStream<Uint8Array>;
  readonly #pipe: Pipe;
  readonly #plugin: string;
  readonly #ref: ProcessRef;
  readonly #onClosed: () => void;
  #controller: WritableStreamDefaultController | undefined;
  #pending = 0;
  #onIdle: () => void = () => {};
  #isOver = false;

  /** @param onClosed Called once, when our end is closed. */
  constructor(pipe: Pipe, plugin: string, ref: ProcessRef, onClosed: () => void) {
    this.#pipe = pipe;
    this.#plugin = plugin;
    this.#ref = ref;
    this.#onClosed = onClosed;
    this.stream = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      write: (chunk) => this.#write(chunk),
      close: () => this.#over(),
      abort: () => this.#over(),
    }, {
      highWaterMark: 1,
      // Called for each chunk as it is written: those that wait in the stream count, too.
      size: () => {
        this.#pending++;
        return 1;
      },
    });
  }

  /** Closes our end after what was written, also while a writer has locked the stream. Idempotent. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#onIdle = resolve);
    if (this.#isOver) return;
    this.#controller?.error(this.#gone("it was closed"));
    this.#over();
  }

  /** Lets go of it; later writes fail. The process sees no end by this. Idempotent. */
  letGo(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.error(this.#gone("nobody reads it any more"));
    this.#onIdle();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onIdle();
    this.#pipe.end();
    this.#onClosed();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      this.#over();
      const message =
        `Cannot write to stdin of process "${this.#ref.processId}": chunk is not a Uint8Array`;
      throw invalidArgument("chunk", message, { plugin: this.#plugin, ...this.#ref });
    }
    try {
      await this.#pipe.write(chunk);
    } catch (cause) {
      this.#isOver = true;
      this.#onIdle();
      throw this.#gone("nobody reads it any more", cause);
    }
    this.#pending--;
    if (this.#pending === 0) this.#onIdle();
  }

  #gone(state: string, cause?: unknown): ContainerError {
    const message = `Cannot write to stdin of process "${this.#ref.processId}": ${state}`;
    return new ContainerError("failed_precondition", message, {
      plugin: this.#plugin,
      ...this.#ref,
      cause,
    });
  }
}
