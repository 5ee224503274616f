import type { Interceptor } from "@connectrpc/connect";

/** Where a call is stopped: before anything is sent, or when the server has answered. */
export type Position = "before" | "after";

/** A call that is stopped. */
export interface HeldCall {
  /** Resolves when the call has come to where it is stopped. */
  readonly arrived: Promise<void>;
  /** Lets it go on, and every later one. Idempotent. */
  release(): void;
}

interface Rule {
  readonly method: string;
  readonly position: Position;
  skip: number;
  readonly arrived: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** Writes down the calls of a client, and stops those that a test wants stopped. */
export class RpcGate {
  /** To be given to the client. */
  readonly interceptor: Interceptor;
  readonly #calls: string[] = [];
  readonly #rules = new Set<Rule>();

  constructor() {
    this.interceptor = (next) => async (request) => {
      const service = request.service.typeName.split(".").at(-1);
      const method = `${service}/${request.method.name}`;
      this.#calls.push(method);
      const rule = this.#take(method);
      if (rule?.position === "before") await stop(rule, request.signal);
      const answer = next(request);
      if (rule?.position === "after") {
        await answer.catch(() => {}); // an error is an answer, too
        await stop(rule, request.signal);
      }
      return await answer;
    };
  }

  /** The calls so far, for instance `Tasks/Create`, but the one that watches for the end. */
  get calls(): readonly string[] {
    return this.#calls.filter((call) => call !== "Tasks/Wait");
  }

  /** Stops the next call of a method, or, with `skip`, one after it. */
  hold(method: string, position: Position, { skip = 0 } = {}): HeldCall {
    const rule: Rule = {
      method,
      position,
      skip,
      arrived: Promise.withResolvers<void>(),
      released: Promise.withResolvers<void>(),
    };
    this.#rules.add(rule);
    return {
      arrived: rule.arrived.promise,
      release: () => {
        this.#rules.delete(rule);
        rule.released.resolve();
      },
    };
  }

  #take(method: string): Rule | undefined {
    for (const rule of this.#rules) {
      if (rule.method !== method || rule.skip-- > 0) continue;
      this.#rules.delete(rule);
      return rule;
    }
    return undefined;
  }
}

// As a transport does, it gives up when the call's own signal aborts.
async function stop(rule: Rule, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  rule.arrived.resolve();
  try {
    await Promise.race([rule.released.promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
