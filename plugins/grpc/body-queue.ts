import { type ClientHttp2Stream, constants } from "node:http2";

/** How much of a response is read ahead of the consumer. */
const readAheadBytes = 256 * 1024;

/**
 * The body of a response as an async iterable, with back-pressure.
 *
 * Not the iterator of the stream itself: where all frames of a response arrive at once the stream
 * has closed before its iterator starts, which Node (on any socket that is not a `net.Socket`) and
 * Bun then report as a premature close.
 */
export class BodyQueue implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #stream: ClientHttp2Stream;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** @param stream Read from now on. */
  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    stream.on("data", (chunk: Uint8Array) => {
      if (this.#end) return;
      this.#chunks.push(chunk);
      this.#bytes += chunk.byteLength;
      if (this.#bytes >= readAheadBytes) stream.pause();
      this.#notify();
    });
  }

  /** Ends the body after what has arrived: with an error, or well if it is `undefined`. Idempotent. */
  end(error: unknown): void {
    this.#end ??= { error };
    this.#notify();
  }

  /** The next piece. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.byteLength;
        if (this.#bytes < readAheadBytes && this.#stream.isPaused()) this.#stream.resume();
        return { done: false, value: chunk };
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Called where the body cannot be used, as when a message is too large: ends the call. */
  throw(error: unknown): Promise<IteratorResult<Uint8Array, undefined>> {
    this.end(error);
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
    return Promise.reject(error);
  }

  /** The queue itself: a body is read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
