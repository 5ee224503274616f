import type { Entry } from "./recording.ts";

/** Keeps the entries of what has not ended, by number and by size; the oldest are forgotten first. */
export class OpenEntries {
  readonly #limit: number;
  readonly #limitBytes: number;
  /** What each of them takes, in bytes. */
  readonly #sizes = new Map<Entry, number>();
  #bytes = 0;

  /**
   * @param limit How many entries are kept.
   * @param limitBytes How many bytes they may take.
   */
  constructor(limit: number, limitBytes: number) {
    this.#limit = limit;
    this.#limitBytes = limitBytes;
  }

  /** The entries, oldest first. */
  get entries(): readonly Entry[] {
    return [...this.#sizes.keys()];
  }

  /**
   * Adds an entry; as many old ones are forgotten as it needs room.
   *
   * @param bytes What it takes.
   * @returns What takes it out again, at its end.
   */
  add(entry: Entry, bytes: number): () => void {
    this.#sizes.set(entry, bytes);
    this.#bytes += bytes;
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizes.size <= this.#limit && this.#bytes <= this.#limitBytes) break;
      this.#remove(oldest);
    }
    return () => this.#remove(entry);
  }

  #remove(entry: Entry): void {
    this.#bytes -= this.#sizes.get(entry) ?? 0;
    this.#sizes.delete(entry);
  }
}
