import { Buffer } from "node:buffer";

const headBytes = 9;
const settingsType = 0x4;
const windowUpdateType = 0x8;
const ackFlag = 0x1;
const initialWindowSize = 0x4;
const defaultWindowBytes = 65_535;

/**
 * Makes a server's change of `SETTINGS_INITIAL_WINDOW_SIZE` count for streams that are open.
 *
 * Bun does not apply it (https://github.com/oven-sh/bun/pull/41329, open at 1.4.5), and servers in
 * Go raise it as soon as they measure traffic: an upload then waits for ever for a window that the
 * server believes to have given. So the raise is taken out of what Bun reads, and each stream, open
 * or new, is given the difference by a WINDOW_UPDATE instead: right with the bug and without it.
 */
export class WindowCredit {
  readonly #target: (chunk: Uint8Array) => void;
  readonly #open = new Set<number>();
  /** The value that the HTTP/2 implementation knows, and the one that the server meant. */
  #shown = defaultWindowBytes;
  #meant = defaultWindowBytes;
  /** Bytes of the present frame that are still to come, and to be passed on as they are. */
  #rest = 0;
  /** The start of a frame that cannot be passed on yet. */
  #held: Uint8Array = new Uint8Array(0);
  /** What to put in as soon as a frame ends. */
  #due: Uint8Array[] = [];
  #delivering = false;
  #fresh = true;

  /** @param deliver Takes what the HTTP/2 implementation reads. */
  constructor(deliver: (chunk: Uint8Array) => void) {
    this.#target = deliver;
  }

  /** Takes bytes that arrived. */
  read(chunk: Uint8Array): void {
    let bytes = chunk;
    while (bytes.byteLength > 0) {
      if (this.#rest > 0) {
        const part = bytes.subarray(0, this.#rest);
        this.#rest -= part.byteLength;
        bytes = bytes.subarray(part.byteLength);
        this.#deliver(part);
        continue;
      }
      if (this.#held.byteLength > 0) {
        bytes = Buffer.concat([this.#held, bytes]);
        this.#held = new Uint8Array(0);
      }
      const taken = this.#wholeFrames(bytes);
      if (taken < 0) return;
      bytes = bytes.subarray(taken);
    }
  }

  /** A stream was opened. */
  opened(id: number | undefined): void {
    if (id === undefined) return;
    this.#fresh = false;
    this.#open.add(id);
    this.#credit(id, this.#meant - this.#shown);
  }

  /** A stream has ended. */
  closed(id: number | undefined): void {
    if (id !== undefined) this.#open.delete(id);
  }

  /**
   * Passes on all frames up to the next one that needs a look, or whose end is not there.
   *
   * @returns How many bytes were used up, -1 if all of them.
   */
  #wholeFrames(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.byteLength) {
      const left = bytes.byteLength - at;
      if (left < headBytes) return this.#hold(bytes, at);
      const length = headBytes + uint24(bytes, at);
      if (bytes[at + 3] === settingsType && ((bytes[at + 4] ?? 0) & ackFlag) === 0) {
        if (left < length) return this.#hold(bytes, at);
        if (at > 0) this.#deliver(bytes.subarray(0, at));
        this.#settings(bytes.subarray(at, at + length));
        return at + length;
      }
      if (left < length) {
        this.#rest = length - left;
        this.#deliver(bytes);
        return -1;
      }
      at += length;
    }
    this.#deliver(bytes);
    return -1;
  }

  #hold(bytes: Uint8Array, at: number): -1 {
    if (at > 0) this.#deliver(bytes.subarray(0, at));
    this.#held = Buffer.concat([bytes.subarray(at)]);
    return -1;
  }

  #settings(frame: Uint8Array): void {
    const before = this.#meant;
    const kept: number[] = [];
    for (let at = headBytes; at + 6 <= frame.byteLength; at += 6) {
      const name = ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
      if (name === initialWindowSize) {
        this.#meant = uint32(frame, at + 2);
        // Before the first stream it is plain, and a lower value cannot be expressed by credit.
        if (!this.#fresh && this.#meant > this.#shown) continue;
        this.#shown = this.#meant;
      }
      kept.push(...frame.subarray(at, at + 6));
    }
    this.#deliver(rawFrame(settingsType, 0, Uint8Array.from(kept)));
    if (this.#meant <= this.#shown) return;
    for (const id of this.#open) this.#credit(id, this.#meant - before);
  }

  #credit(id: number, bytes: number): void {
    if (bytes <= 0) return;
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, bytes);
    this.#due.push(rawFrame(windowUpdateType, id, size));
    this.#pay();
  }

  #deliver(chunk: Uint8Array): void {
    this.#delivering = true;
    try {
      this.#target(chunk);
    } finally {
      this.#delivering = false;
    }
    this.#pay();
  }

  /** Puts in what is due; not between the parts of a frame, and not from within the reader. */
  #pay(): void {
    while (this.#rest === 0 && !this.#delivering) {
      const frame = this.#due.shift();
      if (frame === undefined) return;
      this.#deliver(frame);
    }
  }
}

function rawFrame(type: number, id: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(headBytes + payload.byteLength);
  frame.writeUIntBE(payload.byteLength, 0, 3);
  frame[3] = type;
  frame.writeUInt32BE(id, 5);
  frame.set(payload, headBytes);
  return frame;
}

// Byte by byte: a view of a Buffer costs more in Bun than the whole of a small frame.
function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((uint24(bytes, at) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}
