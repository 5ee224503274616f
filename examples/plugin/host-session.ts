import type { CallOptions } from "../../src/runtime.ts";
import { checkOptions } from "./host-checks.ts";
import { hostError } from "./host-error.ts";

/** What belongs to one opened runtime: it ends when that is disposed, and the containers go on. */
export class HostSession {
  readonly #closed = new AbortController();

  /** Aborts when the runtime is disposed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Ends it; idempotent. */
  close(): void {
    this.#closed.abort(hostError("unavailable", 'Cannot use runtime "host": closed'));
  }

  /**
   * Refuses options that are none, a call whose signal has aborted, and one that comes after the end.
   */
  check(options: CallOptions | undefined): void {
    checkOptions(options);
    options?.signal?.throwIfAborted();
    this.#closed.signal.throwIfAborted();
  }

  /** Waits for a promise until a signal aborts or the runtime is disposed. */
  until<T>(promise: Promise<T>, options: CallOptions | undefined): Promise<T> {
    const signals = [options?.signal, this.#closed.signal].filter((each) => each !== undefined);
    return new Promise<T>((resolve, reject) => {
      const stop = ({ target }: Event) => reject((target as AbortSignal).reason);
      for (const signal of signals) {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", stop, { once: true });
      }
      promise.then(resolve, reject).finally(() => {
        for (const signal of signals) signal.removeEventListener("abort", stop);
      });
    });
  }
}
