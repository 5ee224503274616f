import { backgroundDelay } from "./delay.ts";

/** How exact the times are, in milliseconds. */
const STEP_MS = 50;

/** Calls back for keys when their times have come. Does not keep the process alive. */
export class DueTimes {
  readonly #onDue: (key: string) => void;
  readonly #signal: AbortSignal;
  readonly #steps = new Map<number, Set<string>>();
  #isRunning = false;

  /** @param signal Ends it. */
  constructor(signal: AbortSignal, onDue: (key: string) => void) {
    this.#signal = signal;
    this.#onDue = onDue;
  }

  /** Adds a time; a key may have several. */
  add(key: string, delayMs: number): void {
    if (this.#signal.aborted) return;
    const step = Math.ceil((performance.now() + delayMs) / STEP_MS);
    const keys = this.#steps.get(step);
    if (keys) keys.add(key);
    else this.#steps.set(step, new Set([key]));
    if (!this.#isRunning) this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#steps.size > 0) {
      await backgroundDelay(STEP_MS, this.#signal);
      if (this.#signal.aborted) this.#steps.clear();
      const now = performance.now() / STEP_MS;
      for (const [step, keys] of [...this.#steps]) {
        if (step > now) continue;
        this.#steps.delete(step);
        for (const key of keys) this.#onDue(key);
      }
    }
    this.#isRunning = false;
  }
}
