/** How many bytes a pipe holds, as on Linux. */
const CAPACITY_BYTES = 65_536;

/** What {@linkcode Pipe.write} rejects with when nobody reads the pipe any more. */
export class BrokenPipe extends Error {
  /** Names the class. */
  override readonly name = "BrokenPipe";

  constructor() {
    super("Cannot write to pipe: nobody reads it any more");
  }
}

interface Writer {
  rest: Uint8Array;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * A pipe as an operating system has it: bytes in, bytes out, in order; a writer waits when it is
 * full, a reader when it is empty. It outlives whoever reads it.
 */
export class Pipe {
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #writers: Writer[] = [];
  readonly #readers = new Set<() => void>();
  readonly #endings = new Set<() => void>();
  #isEnded = false;
  #reading: "yes" | "discards" | "broken" = "yes";

  /** Whether all that will ever be written is written. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Writes a copy of a chunk; resolves once all of it is in the pipe.
   *
   * @throws {BrokenPipe} If nobody reads it any more, or it was ended.
   */
  write(chunk: Uint8Array): Promise<void> {
    if (this.#reading === "broken" || this.#isEnded) return Promise.reject(new BrokenPipe());
    if (this.#reading === "discards" || chunk.byteLength === 0) return Promise.resolve();
    const writer: Writer = { rest: chunk, done: Promise.withResolvers() };
    this.#writers.push(writer);
    this.#move();
    return writer.done.promise;
  }

  /** Ends it after what was written; what still waits for room is in it, too. Idempotent. */
  end(): void {
    if (this.#isEnded) return;
    for (const { rest, done } of this.#writers) {
      this.#put(rest);
      done.resolve();
    }
    this.#writers = [];
    this.#isEnded = true;
    this.#wake();
    for (const tell of this.#endings) tell();
    this.#endings.clear();
  }

  /** Throws away what is in it, and what is written from now on: nobody wants it. */
  discard(): void {
    if (this.#reading === "yes") this.#reading = "discards";
    for (const { done } of this.#writers) done.resolve();
    this.#empty();
  }

  /** The reader is gone: whoever writes, or waits to, is told. */
  break(): void {
    this.#reading = "broken";
    for (const { done } of this.#writers) done.reject(new BrokenPipe());
    this.#empty();
    this.#wake();
  }

  /** What is in it now, at most one chunk; `"end"` at its end, `"nothing"` if more may come. */
  take(): Uint8Array<ArrayBuffer> | "end" | "nothing" {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return this.#isEnded || this.#reading === "broken" ? "end" : "nothing";
    this.#bytes -= chunk.byteLength;
    this.#move();
    return chunk;
  }

  /** Calls once there is something to take, or the end; gives what takes the call back. */
  onReadable(tell: () => void): () => void {
    if (this.#chunks.length > 0 || this.#isEnded || this.#reading === "broken") {
      tell();
      return () => {};
    }
    this.#readers.add(tell);
    return () => void this.#readers.delete(tell);
  }

  /** Calls once it is ended; gives what takes the call back. */
  onEnded(tell: () => void): () => void {
    if (this.#isEnded) tell();
    else this.#endings.add(tell);
    return () => void this.#endings.delete(tell);
  }

  #move(): void {
    for (let writer = this.#writers[0]; writer; writer = this.#writers[0]) {
      const room = CAPACITY_BYTES - this.#bytes;
      if (room <= 0) return;
      const { rest, done } = writer;
      this.#put(rest.subarray(0, room));
      writer.rest = rest.subarray(room);
      if (writer.rest.byteLength > 0) return;
      this.#writers.shift();
      done.resolve();
    }
  }

  // A copy: whoever writes may use its buffer again.
  #put(bytes: Uint8Array): void {
    this.#chunks.push(new Uint8Array(bytes));
    this.#bytes += bytes.byteLength;
    this.#wake();
  }

  #empty(): void {
    this.#writers = [];
    this.#chunks = [];
    this.#bytes = 0;
  }

  #wake(): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const tell of readers) tell();
  }
}
