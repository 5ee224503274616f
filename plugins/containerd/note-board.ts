import type { ProcessNote } from "../../src/event-source.ts";
import type { ExitEvent } from "../../src/events.ts";
import type { ExitedStatus } from "../../src/exit-status.ts";
import type { ProcessRef } from "./process-ref.ts";

/** How many ends are remembered that events told of. */
const OBSERVED_LIMIT = 1024;

/** What the handles and the events of one session learn of its processes, for each other. */
export class NoteBoard {
  readonly #listeners = new Set<(note: ProcessNote) => void>();
  readonly #observed = new Map<string, ExitedStatus>();

  /** Adds a listener to what handles learn; gives what removes it. */
  listen(listener: (note: ProcessNote) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells all listeners what a handle has learnt. */
  tell(note: ProcessNote): void {
    for (const listener of this.#listeners) listener(note);
  }

  /** Takes note of an end that an event told of. */
  observe(event: ExitEvent): void {
    if (event.status.state !== "exited") return;
    this.#observed.set(keyOf(event, event.pid), event.status);
    if (this.#observed.size <= OBSERVED_LIMIT) return;
    for (const oldest of this.#observed.keys()) return void this.#observed.delete(oldest);
  }

  /** How a process ended, if an event told of it. */
  observed(ref: ProcessRef, pid: number): ExitedStatus | undefined {
    return this.#observed.get(keyOf(ref, pid));
  }
}

function keyOf({ containerId, processId }: ProcessRef, pid: number): string {
  return `${containerId}/${processId}/${pid}`;
}
