import assert from "node:assert/strict";

/** Number of the first line: from here on all have the same length. */
const FIRST = 10_000_000;
const DIGITS = 8;
/** Lines of which only the first digits differ from those of the next as many. */
const BLOCK_LINES = 1000;

/** What {@linkcode NumberLines} takes. */
export interface NumberLinesOptions {
  /** Byte of the lines that comes first. Default: 0. */
  readonly positionBytes?: number;
  /** Spaces between the number and the end of the line. Default: 0. */
  readonly paddingBytes?: number;
  /** How a line ends; a terminal makes it `\r\n`. Default: `\n`. */
  readonly newline?: "\n" | "\r\n";
}

/** Bytes of a line that does not come from a terminal. */
export const LINE_BYTES: number = DIGITS + 1;

/** A command that prints numbered lines of 9 bytes. */
export function numberLines(count: number): string {
  return `seq ${FIRST} ${FIRST + count - 1}`;
}

/** Spaces in the lines of {@linkcode longLines}, which are 1024 bytes long. */
export const LONG_PADDING_BYTES: number = 1024 - LINE_BYTES;

/** A command that prints long numbered lines, for a volume that costs little to make. */
export function longLines(count: number): string {
  const end = FIRST + count;
  return `awk 'BEGIN { padding = sprintf("%${LONG_PADDING_BYTES}s", ""); ` +
    `for (number = ${FIRST}; number < ${end}; number++) print number padding }'`;
}

/** The lines of {@linkcode numberLines} without an end, as one process that does nothing but write. */
export const ENDLESS_NUMBERS: readonly string[] = ["seq", `${FIRST}`, "99999999"];

/**
 * Compares what it is given, piece by piece, with numbered lines, so that a block that was lost,
 * repeated or moved is found where it is.
 */
export class NumberLines {
  /** Bytes of a line. */
  readonly lineBytes: number;
  readonly #block: Uint8Array;
  #blockNumber = -1;
  #positionBytes: number;

  constructor(options: NumberLinesOptions = {}) {
    const { positionBytes = 0, paddingBytes = 0, newline = "\n" } = options;
    const rest = " ".repeat(paddingBytes) + newline;
    this.lineBytes = DIGITS + rest.length;
    this.#positionBytes = positionBytes;
    const lines = Array.from(
      { length: BLOCK_LINES },
      (_, index) => String(index).padStart(DIGITS, "0") + rest,
    );
    this.#block = new TextEncoder().encode(lines.join(""));
  }

  /** Bytes from the first line to where it is. */
  get positionBytes(): number {
    return this.#positionBytes;
  }

  /** Compares the next piece. */
  take(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.byteLength;) {
      const blockBytes = this.#block.byteLength;
      this.#setBlock(Math.floor(this.#positionBytes / blockBytes));
      const start = this.#positionBytes % blockBytes;
      const length = Math.min(blockBytes - start, chunk.byteLength - offset);
      this.#compare(chunk.subarray(offset, offset + length), start);
      this.#positionBytes += length;
      offset += length;
    }
  }

  /** Compares a stream with the lines up to a number, and its end. */
  async takeAll(stream: ReadableStream<Uint8Array>, count: number): Promise<void> {
    for await (const chunk of stream) this.take(chunk);
    assert.equal(this.#positionBytes, count * this.lineBytes, "length of the output in bytes");
  }

  /** Compares the next pieces, until at least so many bytes came. */
  async takeFrom(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    lengthBytes: number,
  ): Promise<void> {
    const target = this.#positionBytes + lengthBytes;
    while (this.#positionBytes < target) {
      const { value } = await reader.read();
      if (value === undefined) assert.fail(`Ended at ${this.#positionBytes} of ${target} bytes`);
      this.take(value);
    }
  }

  #setBlock(number: number): void {
    if (number === this.#blockNumber) return;
    this.#blockNumber = number;
    const prefix = new TextEncoder().encode(String(FIRST / BLOCK_LINES + number));
    for (let start = 0; start < this.#block.byteLength; start += this.lineBytes) {
      for (let index = 0; index < prefix.byteLength; index++) {
        this.#block[start + index] = prefix[index] ?? 0;
      }
    }
  }

  // By hand: the comparison of buffers is slow in Deno, and fails for parts of them.
  #compare(got: Uint8Array, start: number): void {
    const block = this.#block;
    for (let index = 0; index < got.byteLength; index++) {
      if (got[index] === block[start + index]) continue;
      const wanted = block.subarray(start, start + got.byteLength);
      assert.fail(
        `At byte ${this.#positionBytes + index}: ${around(got, index)} instead of ` +
          around(wanted, index),
      );
    }
  }
}

function around(bytes: Uint8Array, index: number): string {
  return JSON.stringify(
    new TextDecoder().decode(bytes.subarray(Math.max(0, index - 20), index + 40)),
  );
}

/**
 * Finds the place in the numbered lines at which a piece of them begins. The piece holds at least
 * two ends of lines.
 */
export function beginningOf(piece: Uint8Array): number {
  const text = new TextDecoder().decode(piece.subarray(0, 64));
  const end = text.indexOf("\n");
  const line = /^[0-9]{8}\n/.exec(text.slice(end + 1));
  if (end < 0 || line === null) assert.fail(`No numbered lines: ${JSON.stringify(text)}`);
  return (Number(line[0]) - FIRST) * LINE_BYTES - (end + 1);
}
