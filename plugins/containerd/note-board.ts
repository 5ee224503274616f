import type { ProcessNote } from "../../src/event-source.ts";

/** Passes on what the handles of one session learn of their processes. */
export class NoteBoard {
  readonly #listeners = new Set<(note: ProcessNote) => void>();

  /** Adds a listener; gives what removes it. */
  listen(listener: (note: ProcessNote) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells all listeners. */
  tell(note: ProcessNote): void {
    for (const listener of this.#listeners) listener(note);
  }
}
