import type { Entry } from "./recording.ts";

/** How many places are free, at least, before all are moved down. */
const LEAST_MOVE = 1024;

interface Slot {
  readonly entry: Entry;
  readonly bytes: number;
}

/** Keeps the last entries, by number and by size. */
export class Ring {
  readonly #limit: number;
  readonly #limitBytes: number;
  #slots: (Slot | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #dropped = 0;

  /**
   * @param limit How many entries are kept.
   * @param limitBytes How many bytes they may take.
   */
  constructor(limit: number, limitBytes: number) {
    this.#limit = limit;
    this.#limitBytes = limitBytes;
  }

  /** How many entries fell out. */
  get dropped(): number {
    return this.#dropped;
  }

  /** About how much memory the entries take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entries, oldest first. */
  get entries(): readonly Entry[] {
    return this.#slots.slice(this.#first).flatMap((slot) => slot ? [slot.entry] : []);
  }

  /**
   * Adds an entry; as many old ones fall out as it needs room.
   *
   * @param moreBytes What it will hold beside what is in it.
   * @returns About how much memory it takes, in bytes.
   */
  add(entry: Entry, moreBytes: number): number {
    const bytes = sizeOf(entry) + moreBytes;
    this.#slots.push({ entry, bytes });
    this.#bytes += bytes;
    while (this.#slots.length - this.#first > this.#limit || this.#bytes > this.#limitBytes) {
      this.#bytes -= this.#slots[this.#first]?.bytes ?? 0;
      this.#slots[this.#first++] = undefined;
      this.#dropped++;
    }
    // Moving all down costs little if it is done seldom.
    if (this.#first > LEAST_MOVE && this.#first > this.#slots.length / 2) {
      this.#slots = this.#slots.slice(this.#first);
      this.#first = 0;
    }
    return bytes;
  }
}

/** About how much memory a value takes, in bytes. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 32;
  for (const name in value) bytes += 8 + sizeOf((value as Record<string, unknown>)[name]);
  return bytes;
}
