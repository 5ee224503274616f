import { abortable } from "../../src/abort.ts";
import type { ProcessNote } from "../../src/event-source.ts";
import type { ExitEvent } from "../../src/events.ts";
import type { ExitedStatus } from "../../src/exit-status.ts";
import type { Exit } from "./exit-watch.ts";
import type { ProcessRef } from "./process-ref.ts";

/** 128 + SIGKILL. */
const KILLED = 137;

/** How many ends are remembered that events told of, and that handles were. */
const OBSERVED_LIMIT = 1024;

/** What the handles and the events of one session learn of its processes, for each other. */
export class NoteBoard {
  readonly #listeners = new Set<(note: ProcessNote) => void>();
  readonly #observed = new Map<string, ExitedStatus>();
  readonly #ends = new Map<string, Exit>();
  readonly #pending = new Map<string, Set<Promise<unknown>>>();

  /** Adds a listener to what handles learn; gives what removes it. */
  listen(listener: (note: ProcessNote) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells all listeners what a handle has learnt. */
  tell(note: ProcessNote): void {
    for (const listener of this.#listeners) listener(note);
  }

  /** Takes note that a handle is about to tell how a process ended, by the time something is over. */
  expect({ containerId, processId }: ProcessRef, over: Promise<unknown>): void {
    const key = `${containerId}/${processId}`;
    const pending = this.#pending.get(key) ?? new Set();
    this.#pending.set(key, pending.add(over));
    const forget = () => {
      pending.delete(over);
      if (pending.size === 0) this.#pending.delete(key);
    };
    over.then(forget, forget);
  }

  /** Waits until handles have told how a process ended that are about to; an abort rejects. */
  async expected({ containerId, processId }: ProcessRef, signal: AbortSignal): Promise<void> {
    const pending = this.#pending.get(`${containerId}/${processId}`);
    if (pending) await abortable(Promise.allSettled(pending), signal);
  }

  /** Takes note of an end that a handle was told. */
  end(ref: ProcessRef, pid: number, exit: Exit): void {
    set(this.#ends, keyOf(ref, pid), exit);
  }

  /**
   * Takes note of an end that an event tells of.
   *
   * @returns What is true of it: of a shim that was killed containerd tells that its processes were,
   * too, although one had ended before, and its end was answered to whoever waited.
   */
  observe(event: ExitEvent): ExitEvent {
    const { status, pid } = event;
    if (status.state !== "exited") return event;
    const key = keyOf(event, pid);
    const end = status.code === KILLED ? this.#ends.get(key) : undefined;
    const told = end === undefined ? status : { ...status, ...end };
    set(this.#observed, key, told);
    return { ...event, status: told };
  }

  /** How a process ended, if an event told of it. */
  observed(ref: ProcessRef, pid: number): ExitedStatus | undefined {
    return this.#observed.get(keyOf(ref, pid));
  }
}

function set<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size <= OBSERVED_LIMIT) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}

function keyOf({ containerId, processId }: ProcessRef, pid: number): string {
  return `${containerId}/${processId}/${pid}`;
}
