const SHORTEST_MS = 100;
const LONGEST_MS = 30_000;
/** A daemon that ran for this long was well: that it ends now has nothing to do with then. */
const HEALTHY_AFTER_MS = 30_000;

/** How long to wait before a restart: 100 ms, doubled each time, at most 30 s. */
export class RestartDelay {
  #nextMs = SHORTEST_MS;
  #beganAt = performance.now();

  /** The daemon runs. */
  began(): void {
    this.#beganAt = performance.now();
  }

  /** The daemon has ended; after a long life the delays are short again. */
  ended(): void {
    if (performance.now() - this.#beganAt >= HEALTHY_AFTER_MS) this.#nextMs = SHORTEST_MS;
  }

  /** The delay before the next start, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, LONGEST_MS);
    return delayMs;
  }
}
