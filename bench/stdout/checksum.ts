import { crc32 } from "node:zlib";

/** What a reader does with output: counts it, and looks at every byte. */
export class Checksum {
  #bytes = 0;
  #crc = 0;
  #firstAt = 0;
  #firstBytes = 0;
  #lastAt = 0;

  /** Takes the next part of the output. */
  add(chunk: Uint8Array): void {
    if (this.#bytes === 0) {
      this.#firstAt = performance.now();
      this.#firstBytes = chunk.length;
    }
    this.#bytes += chunk.length;
    this.#crc = crc32(chunk, this.#crc);
    this.#lastAt = performance.now();
  }

  /** How much there was, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** CRC-32 of all. */
  get crc(): number {
    return this.#crc;
  }

  /**
   * How fast it came, from the first part to the last: neither the start of a container counts nor
   * what follows its output. In MB (10^6 bytes) per second.
   */
  get megabytesPerSecond(): number {
    return (this.#bytes - this.#firstBytes) / 1000 / (this.#lastAt - this.#firstAt);
  }
}
