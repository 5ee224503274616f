import type { ProcessNote } from "./event-source.ts";
import type { ContainerEvent } from "./events.ts";

/** What the runtime's own handles know of processes whose end was not told yet. */
export class ProcessNotes {
  readonly #notes = new Map<string, ProcessNote[]>();

  /** Takes a note in place of an earlier one of the same process, unless that has more in it. */
  add(note: ProcessNote): void {
    const { containerId } = note;
    const notes = this.of(containerId);
    // The end of a short process may be answered before its start is.
    if (note.type === "started" && notes.some((each) => isSame(each, note))) return;
    const others = notes.filter((each) => !isSame(each, note));
    this.#notes.set(containerId, [...others, note]);
  }

  /** The containers that there are notes of. */
  get containers(): Iterable<string> {
    return this.#notes.keys();
  }

  /** The notes of a container, oldest first. */
  of(containerId: string): readonly ProcessNote[] {
    return this.#notes.get(containerId) ?? [];
  }

  /** Drops what was told. */
  told(event: ContainerEvent): void {
    if (event.type === "exit") this.drop({ ...event, type: "ended" });
  }

  /** Drops a note. */
  drop(note: ProcessNote): void {
    const { containerId } = note;
    const notes = this.#notes.get(containerId);
    if (notes === undefined) return;
    const others = notes.filter((each) => !isSame(each, note));
    if (others.length > 0) this.#notes.set(containerId, others);
    else this.#notes.delete(containerId);
  }
}

function isSame(one: ProcessNote, other: ProcessNote): boolean {
  return one.processId === other.processId && one.pid === other.pid;
}
