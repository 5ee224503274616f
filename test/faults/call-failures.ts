import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

interface Failure {
  readonly error: ConnectError;
  remaining: number;
}

/** What {@linkcode CallFailures.add} takes beside the method. */
export interface FailureOptions {
  /** Default: `Unavailable`. */
  readonly code?: Code;
  /** Text of the error. Default: `as the test wants`. */
  readonly message?: string;
  /** How many calls fail. Default: 1. */
  readonly times?: number;
}

/** Calls of a server that fail because a test wants them to, before they do anything. */
export class CallFailures {
  /** To be given to the server. */
  readonly interceptor: Interceptor;
  readonly #failures = new Map<string, Failure>();

  constructor() {
    this.interceptor = (next) => async (request) => {
      const method = `${request.service.typeName.split(".").at(-1)}/${request.method.name}`;
      const failure = this.#failures.get(method);
      if (failure === undefined) return await next(request);
      if (--failure.remaining <= 0) this.#failures.delete(method);
      throw failure.error;
    };
  }

  /** Lets the next calls of a method fail, for instance of `Tasks/List`. */
  add(method: string, options: FailureOptions = {}): void {
    const { code = Code.Unavailable, message = "as the test wants", times = 1 } = options;
    this.#failures.set(method, { error: new ConnectError(message, code), remaining: times });
  }

  /** Lets the calls of a method succeed again. */
  remove(method: string): void {
    this.#failures.delete(method);
  }
}
