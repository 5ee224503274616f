/** How many jobs of a key wait at most. */
const LIMIT = 4096;

/** The jobs of one key. */
interface Line {
  waiting: number;
  tail: Promise<void>;
}

/**
 * Runs jobs one after the other for each key, and jobs of different keys side by side. A job that
 * fails is reported and does not stop its queue.
 */
export class SerialQueue {
  readonly #onError: (error: unknown) => void;
  readonly #limit: number;
  readonly #lines = new Map<string, Line>();

  /**
   * @param onError Is told of every failed job.
   * @param limit How many jobs of a key wait at most.
   */
  constructor(onError: (error: unknown) => void, limit: number = LIMIT) {
    this.#onError = onError;
    this.#limit = limit;
  }

  /** Runs a job after all earlier ones of its key; not, and gives false, if too many wait. */
  add(key: string, job: () => void | Promise<void>): boolean {
    const line = this.#lines.get(key) ?? { waiting: 0, tail: Promise.resolve() };
    if (line.waiting > this.#limit) return false;
    line.waiting++;
    this.#lines.set(key, line);
    line.tail = line.tail.then(job).catch(this.#onError).then(() => {
      if (--line.waiting === 0) this.#lines.delete(key);
    });
    return true;
  }

  /** Resolves when every job added so far has run. */
  async idle(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ tail }) => tail));
  }
}
