import { Code, ConnectError } from "@connectrpc/connect";
import type { ResponseCheck } from "./checked-body.ts";

const headerBytes = 5;

/**
 * Follows the messages of an answer, each with flags and length before it, without copying them: a
 * message that is too large is refused by its length, before it is read, and an answer that stops
 * before its last message is not taken for a whole one.
 */
export class EnvelopeCheck implements ResponseCheck {
  readonly #maxMessageBytes: number;
  readonly #endFlag: number;
  readonly #header = new Uint8Array(headerBytes);
  #headerFilled = 0;
  #bodyLeft = 0;
  #ended = false;

  /** @param endFlag Marks the last message. */
  constructor(maxMessageBytes: number, endFlag: number) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#endFlag = endFlag;
  }

  /** Whether the last message has come to its end. */
  get complete(): boolean {
    return this.#ended && this.#bodyLeft === 0;
  }

  /**
   * Takes the next bytes.
   *
   * @throws {ConnectError} `resource_exhausted` or, for what is no message, `internal`.
   */
  take(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, rest.length);
        this.#bodyLeft -= taken;
        rest = rest.subarray(taken);
        continue;
      }
      if (this.#ended) throw new ConnectError("answer goes on after its end", Code.Internal);
      const taken = Math.min(headerBytes - this.#headerFilled, rest.length);
      this.#header.set(rest.subarray(0, taken), this.#headerFilled);
      this.#headerFilled += taken;
      rest = rest.subarray(taken);
      if (this.#headerFilled === headerBytes) this.#begin();
    }
  }

  #begin(): void {
    const view = new DataView(this.#header.buffer);
    const flags = view.getUint8(0);
    if (flags !== 0 && flags !== this.#endFlag) {
      throw new ConnectError(`message has unknown flags ${flags}`, Code.Internal);
    }
    this.#ended = flags === this.#endFlag;
    this.#bodyLeft = view.getUint32(1);
    this.#headerFilled = 0;
    if (this.#bodyLeft > this.#maxMessageBytes) {
      throw tooLarge(`of ${this.#bodyLeft} bytes`, this.#maxMessageBytes);
    }
  }
}

/** Limits an answer that is one bare message, whose end only the connection knows. */
export class LengthCheck implements ResponseCheck {
  readonly complete = true;
  readonly #maxMessageBytes: number;
  #taken = 0;

  /** @param maxMessageBytes The limit. */
  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Takes the next bytes.
   *
   * @throws {ConnectError} `resource_exhausted`.
   */
  take(chunk: Uint8Array): void {
    this.#taken += chunk.length;
    if (this.#taken > this.#maxMessageBytes) throw tooLarge("received", this.#maxMessageBytes);
  }
}

function tooLarge(what: string, limit: number): ConnectError {
  return new ConnectError(`message ${what} is larger than ${limit}`, Code.ResourceExhausted);
}
