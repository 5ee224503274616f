/**
 * Runs jobs one after the other for each key, and jobs of different keys side by side. A job that
 * fails is reported and does not stop its queue.
 */
export class SerialQueue {
  readonly #onError: (error: unknown) => void;
  readonly #tails = new Map<string, Promise<void>>();

  /** @param onError Is told of every failed job. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Runs a job after all earlier ones of its key. */
  add(key: string, job: () => void | Promise<void>): void {
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(job).catch(this.#onError);
    this.#tails.set(key, tail);
    tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
  }

  /** Resolves when every job added so far has run. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
