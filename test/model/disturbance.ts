import { setTimeout as sleep } from "node:timers/promises";

/** What lasts for a while and then is over, unless it is ended before. */
export class Disturbance {
  readonly #end = new AbortController();
  readonly #lasting = new Set<Promise<void>>();

  /** Does something after a while, at the latest when all is ended. */
  later(afterMs: number, action: () => void | Promise<void>): void {
    const over = sleep(afterMs, undefined, { signal: this.#end.signal })
      .catch(() => {})
      .then(action)
      .finally(() => this.#lasting.delete(over));
    over.catch(() => {}); // settled() tells
    this.#lasting.add(over);
  }

  /** Ends all at once, and waits for what is to be done then. */
  async settled(): Promise<void> {
    this.#end.abort();
    while (this.#lasting.size > 0) await Promise.all(this.#lasting);
  }
}
