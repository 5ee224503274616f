const SHORTEST_MS = 100;
const LONGEST_MS = 30_000;
/** A daemon that ran for this long was well: that it ends now has nothing to do with then. */
const HEALTHY_AFTER_MS = 30_000;

/**
 * Counts the restarts since a daemon was last well, and says how long to wait before the next one:
 * 100 ms, doubled each time, at most 30 s.
 */
export class RestartDelay {
  #nextMs = SHORTEST_MS;
  #beganAt = performance.now();
  #restarts = 0;

  /** How many restarts there were since a daemon was last well. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The daemon runs. */
  began(): void {
    this.#beganAt = performance.now();
  }

  /** The daemon has ended; after a long life the count and the delays begin again. */
  ended(): void {
    if (performance.now() - this.#beganAt < HEALTHY_AFTER_MS) return;
    this.#nextMs = SHORTEST_MS;
    this.#restarts = 0;
  }

  /** Counts a restart; gives the delay before it, in milliseconds. */
  next(): number {
    this.#restarts++;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, LONGEST_MS);
    return delayMs;
  }
}
