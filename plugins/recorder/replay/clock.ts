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

  /** Goes on to a time, never back; calls back what is due meanwhile, in order. */
  goTo(timeMs: number): void {
    for (let next = this.#next(timeMs); next; next = this.#next(timeMs)) {
      const [ring, dueMs] = next;
      this.#timers.delete(ring);
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      ring();
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }

  /** What is due first, of what is due by then. */
  #next(timeMs: number): readonly [ring: () => void, dueMs: number] | undefined {
    let first: readonly [() => void, number] | undefined;
    for (const timer of this.#timers) {
      if (timer[1] <= timeMs && (!first || timer[1] < first[1])) first = timer;
    }
    return first;
  }
}
