import { invalidArgument, shown } from "../../src/errors.ts";
import type { MemoryClock } from "./clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on: hours pass in no time, and alike each time. */
export class ManualClock implements MemoryClock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  /**
   * Makes a clock that stands still.
   *
   * @param startMs The time it begins with, in milliseconds since 1970. Default: the present.
   * @throws {ContainerError} `invalid_argument` for what is no time.
   */
  constructor(startMs: number = Date.now()) {
    if (!Number.isFinite(startMs)) {
      throw invalidArgument(
        "startMs",
        `Cannot set clock to "${shown(startMs)}": not a finite number`,
      );
    }
    this.#nowMs = startMs;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#nowMs;
  }

  /** Calls back once the clock was advanced so far. */
  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /**
   * Lets time pass: calls back what is due meanwhile, in order. Between two of them what they woke
   * gets its turn, and may wait again.
   *
   * @param durationMs How much, in milliseconds.
   * @throws {ContainerError} `invalid_argument` for a duration that is not a finite number from 0.
   */
  async advance(durationMs: number): Promise<void> {
    if (!Number.isFinite(durationMs) || durationMs < 0) {
      throw invalidArgument(
        "durationMs",
        `Cannot advance clock by "${shown(durationMs)}": not a finite number from 0`,
      );
    }
    const endMs = this.#nowMs + durationMs;
    await turn();
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await turn();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (!first || timer.dueMs < first.dueMs)) first = timer;
    }
    return first;
  }
}

/** Lets everything run that is ready to: more than promises, for streams take several of those. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
