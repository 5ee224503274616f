/** Delays between attempts: 50 ms, doubled each time, at most 2 s. */
export class Backoff {
  #nextMs = 50;

  /** The delay before the next attempt, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, 2000);
    return delayMs;
  }

  /** Starts again after a success. */
  reset(): void {
    this.#nextMs = 50;
  }
}
