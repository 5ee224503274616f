import type { ContainerError } from "../../src/errors.ts";
import { webError } from "./web-error.ts";

/** A call that is under way. */
export interface OpenCall {
  /** Aborts with the caller's signal, with the connection, and by `cut`. */
  readonly signal: AbortSignal;
  /** Ends the call; without effect once it is done. */
  cut(reason: unknown): void;
  /** To be called when the call has ended: the caller's signal no longer matters. Idempotent. */
  done(): void;
}

/**
 * The calls that a connection has open, to end them with it.
 *
 * Not by `AbortSignal.any`: a signal that lives as long as the connection would collect what every
 * call derives from it.
 */
export class OpenCalls {
  readonly #baseUrl: string;
  readonly #calls = new Set<OpenCall>();
  #closed = false;

  /** @param baseUrl Where the calls lead to, for messages. */
  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /**
   * Begins a call.
   *
   * @throws {ContainerError} `unavailable` when the connection was closed.
   */
  begin(signal: AbortSignal | undefined): OpenCall {
    if (this.#closed) throw this.#closedError();
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    const call: OpenCall = {
      signal: controller.signal,
      cut: (reason) => controller.abort(reason),
      done: () => {
        signal?.removeEventListener("abort", abort);
        this.#calls.delete(call);
      },
    };
    this.#calls.add(call);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    return call;
  }

  /** Ends all calls, and refuses more. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const call of [...this.#calls]) {
      call.cut(this.#closedError());
      call.done();
    }
  }

  #closedError(): ContainerError {
    return webError(`Cannot call "${this.#baseUrl}": connection closed`);
  }
}
