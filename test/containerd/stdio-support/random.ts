/** Numbers that look like chance and are the same in every run (mulberry32). */
export class Random {
  #state: number;

  /** @param seed Where the sequence begins. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next 32 bits. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 0;
  }

  /** The next number from 0 up to, and without, a limit. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** The next bytes; a multiple of 4. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Uint32Array.from({ length: length / 4 }, () => this.next()).buffer);
  }
}
