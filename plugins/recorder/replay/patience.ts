import { abortable } from "../../../src/abort.ts";
import { isContainerError } from "../../../src/errors.ts";

/** Waits for what may not come, until the replay is stopped. */
export class Patience {
  readonly #budgetMs: number;
  readonly #stop = new AbortController();

  /** @param budgetMs How long it waits each time, in milliseconds. */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Ends all waiting, with an error. */
  stop(reason?: unknown): void {
    this.#stop.abort(reason);
  }

  /** Throws if it was stopped. */
  check(): void {
    this.#stop.signal.throwIfAborted();
  }

  /** Waits, but not for longer than the budget. */
  async within(promise: Promise<unknown>): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#budgetMs);
    try {
      await abortable(Promise.race([promise, over]), this.#stop.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does what may be done already, or be in the way of what was recorded: then there is a difference. */
  async attempt(act: () => void | Promise<void>): Promise<void> {
    try {
      await this.within(Promise.resolve(act()));
    } catch (error) {
      this.check();
      if (!isContainerError(error)) throw error;
    }
  }

  /** Lets everything run that is ready to. */
  async turn(): Promise<void> {
    const turned = new Promise<void>((resolve) => void setTimeout(resolve, 0));
    await abortable(turned, this.#stop.signal);
  }
}
