import { ContainerError } from "./errors.ts";

/** Calls that make containers: the end of a client cuts them, and waits for what they undo. */
export class OpenCalls {
  readonly #open = new Map<AbortController, Promise<unknown>>();
  #closed: ContainerError | undefined;

  /**
   * Runs a call whose signal aborts also when the client is closed.
   *
   * @param signal The caller's.
   * @throws {ContainerError} `unavailable` once it is closed.
   */
  async run<T>(
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (this.#closed) throw this.#closed;
    signal?.throwIfAborted();
    const cut = new AbortController();
    const abort = () => cut.abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const done = call(cut.signal);
    this.#open.set(cut, done);
    try {
      return await done;
    } finally {
      this.#open.delete(cut);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Cuts what is under way and waits for its end; what comes later is refused. */
  async close(): Promise<void> {
    this.#closed = new ContainerError("unavailable", "Cannot use client: closed");
    for (const cut of this.#open.keys()) cut.abort(this.#closed);
    await Promise.allSettled(this.#open.values());
  }
}
