import type { FifoBackendName } from "./mod.ts";

/** Takes what a {@linkcode FifoReader} reads. */
export interface ReadSink {
  /**
   * Takes bytes, which are the sink's own from now on.
   *
   * @returns `"pause"` to get no more before `resume()`.
   */
  data(chunk: Uint8Array): "pause" | "more";
  /** The end, or with an error a failure. Called once at most, and not after `close()`. */
  end(error?: unknown): void;
}

/** Our end of an output. */
export interface FifoReader {
  /** Asks for bytes, at first and after a pause. */
  resume(): void;
  /** Says whether waiting for bytes keeps the event loop alive; at first it does not. */
  keepAlive(need: "needed" | "idle"): void;
  /** Closes our end. Idempotent; never rejects. */
  close(): Promise<void>;
}

/** Our end of an input. */
export interface FifoWriter {
  /**
   * Writes bytes; resolves when the kernel has them. One at a time.
   *
   * @throws an error with `code`; `EPIPE` if nobody reads any more.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Closes our end after what is pending was written. Idempotent; never rejects. */
  close(): Promise<void>;
  /** Closes our end at once; a pending write rejects. Idempotent; never rejects. */
  destroy(): Promise<void>;
}

/** A way to read and write FIFOs. Both ends must be held by a keeper while they are opened. */
export interface Backend {
  /** Its name. */
  readonly name: FifoBackendName;
  /**
   * Whether the bytes of a write may still be on their way to the pipe when it resolves. They must
   * not be, as long as the keeper is what reads it.
   */
  readonly writesLate: boolean;
  /** Opens a FIFO for reading. */
  openReader(path: string, sink: ReadSink): FifoReader;
  /** Opens a FIFO for writing. */
  openWriter(path: string): FifoWriter;
}
