import type { MemoryClock } from "../../memory/mod.ts";

/** Shows the times of a recording. */
export class ReplayClock implements MemoryClock {
  #nowMs = 0;
  readonly #timers = new Map<() => void, number>();

  /** Milliseconds since 1970. */
  now(): number {
    return this.#nowMs;
  }

  /** Calls back once the recording has come so far. */
  after(delayMs: number, callback: () => void): () => void {
    const ring = () => callback();
    this.#timers.set(ring, this.#nowMs + delayMs);
    return () => void this.#timers.delete(ring);
  }

  /** Goes on to a time, never back. */
  goTo(timeMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    for (const [ring, dueMs] of [...this.#timers]) {
      if (dueMs <= this.#nowMs && this.#timers.delete(ring)) ring();
    }
  }
}
