/** How long the undoing of a failed or aborted step may take; moby's figure. */
const BUDGET_MS = 45_000;

/** Undoes what failed or aborted calls had begun, on a budget of its own. */
export class Cleanups {
  readonly #onError: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();

  /** @param onError Is told of what could not be undone. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /**
   * Runs a job within 45 s. An aborted caller is not kept waiting for it: the promise then resolves
   * at once and the job goes on.
   */
  async add(job: (budget: AbortSignal) => Promise<unknown>, signal?: AbortSignal): Promise<void> {
    const running = job(AbortSignal.timeout(BUDGET_MS)).then(() => {}, this.#onError)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    if (!signal?.aborted) await running;
  }

  /** Resolves when every job has ended. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
