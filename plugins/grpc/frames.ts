import { Code, ConnectError } from "@connectrpc/connect";

/** A gRPC message has a head of a flag byte and its length in 4 bytes, big-endian. */
const headBytes = 5;

/**
 * Puts the head before an encoded message. It is never compressed: the server is on this host or
 * close by, and containerd does not compress either.
 *
 * @throws {ConnectError} `resource_exhausted` if the message is larger than the limit.
 */
export function encodeFrame(message: Uint8Array, maxMessageBytes: number): Uint8Array {
  const length = message.byteLength;
  if (length > maxMessageBytes) throw tooLarge("request", length, maxMessageBytes);
  const frame = new Uint8Array(headBytes + length);
  frame[1] = length >>> 24;
  frame[2] = length >>> 16;
  frame[3] = length >>> 8;
  frame[4] = length;
  frame.set(message, headBytes);
  return frame;
}

/** Collects the one message of a unary response from the chunks it arrives in. */
export class FrameReader {
  readonly #maxMessageBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** @param maxMessageBytes The largest message, in bytes. */
  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Takes a chunk.
   *
   * @throws {ConnectError} as soon as the message turns out to be too large or not plain.
   */
  push(chunk: Uint8Array): void {
    const hadHead = this.#size >= headBytes;
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    if (!hadHead && this.#size >= headBytes) this.#checkHead();
    if (this.#size > headBytes + this.#maxMessageBytes) {
      throw new ConnectError("protocol error: more than one message in response", Code.Internal);
    }
  }

  /**
   * Gives the message, or `undefined` if there was none.
   *
   * @throws {ConnectError} `internal` if what arrived is not exactly one message.
   */
  finish(): Uint8Array | undefined {
    if (this.#size === 0) return undefined;
    const body = this.#join();
    const length = body.byteLength < headBytes ? -1 : lengthOf(body);
    if (body.byteLength !== headBytes + length) {
      const state = body.byteLength > headBytes + length && length >= 0
        ? "more than one message in response"
        : `response was cut after ${body.byteLength} bytes`;
      throw new ConnectError(`protocol error: ${state}`, Code.Internal);
    }
    return body.subarray(headBytes);
  }

  #checkHead(): void {
    const head = this.#join();
    if (head[0] !== 0) {
      throw new ConnectError("protocol error: response is compressed", Code.Internal);
    }
    const length = lengthOf(head);
    if (length > this.#maxMessageBytes) throw tooLarge("response", length, this.#maxMessageBytes);
  }

  #join(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = new Uint8Array(this.#size);
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.byteLength;
    }
    this.#chunks = [all];
    return all;
  }
}

function lengthOf(body: Uint8Array): number {
  const high = ((body[1] ?? 0) << 8) | (body[2] ?? 0);
  const low = ((body[3] ?? 0) << 8) | (body[4] ?? 0);
  return high * 65_536 + low;
}

function tooLarge(what: "request" | "response", bytes: number, limit: number): ConnectError {
  return new ConnectError(
    `${what} has ${bytes} bytes, the limit is ${limit}; it can be raised with maxMessageBytes`,
    Code.ResourceExhausted,
  );
}
