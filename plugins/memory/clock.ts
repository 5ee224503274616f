import { backgroundDelay } from "../../src/delay.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";

/** Tells the time to the programs of a host, and wakes them. */
export interface MemoryClock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Calls back once, later; should not keep the process alive.
   *
   * @param delayMs In how many milliseconds, from 0.
   * @returns What takes the call back, idempotent.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: MemoryClock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const stop = new AbortController();
    const run = async () => {
      let restMs = delayMs;
      do {
        await backgroundDelay(Math.min(restMs, longestDelayMs), stop.signal);
        restMs -= longestDelayMs;
      } while (restMs > 0 && !stop.signal.aborted);
      if (!stop.signal.aborted) callback();
    };
    run();
    return () => stop.abort();
  },
};

/** Counts what waits for a clock, so that a host can tell what it has left. */
export class CountedClock implements MemoryClock {
  readonly #clock: MemoryClock;
  readonly #waiting = new Set<() => void>();

  /** @param clock Tells the time. */
  constructor(clock: MemoryClock) {
    this.#clock = clock;
  }

  /** How many callbacks are still to come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Calls back once, later. */
  after(delayMs: number, callback: () => void): () => void {
    const takeBack = this.#clock.after(delayMs, () => {
      this.#waiting.delete(cancel);
      callback();
    });
    const cancel = () => {
      if (this.#waiting.delete(cancel)) takeBack();
    };
    this.#waiting.add(cancel);
    return cancel;
  }

  /** Takes all callbacks back. */
  stop(): void {
    for (const cancel of [...this.#waiting]) cancel();
  }
}
