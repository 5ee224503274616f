import type { Client } from "../../src/client.ts";

/** The calls of clients that are not done yet, for a test that takes too long to name them. */
export class PendingCalls {
  readonly #calls = new Set<{ readonly text: string }>();

  /** A client whose calls are noted. */
  watch(client: Client): Client {
    return new Proxy(client, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        return (...args: readonly unknown[]) => {
          const result: unknown = Reflect.apply(member, target, args);
          if (result instanceof Promise) this.#note(`${String(key)}(${describe(args)})`, result);
          return result;
        };
      },
    });
  }

  /** Forgets what is not done. */
  clear(): void {
    this.#calls.clear();
  }

  /** What is not done, in the order of the calls; empty if there is nothing. */
  toString(): string {
    return [...this.#calls].map(({ text }) => text).join(", ");
  }

  #note(text: string, result: Promise<unknown>): void {
    const call = { text };
    this.#calls.add(call);
    const done = () => this.#calls.delete(call);
    result.then(done, done);
  }
}

// The ids are what tells calls apart.
function describe(args: readonly unknown[]): string {
  return args.filter((each) => typeof each === "string").map((each) => `"${each}"`).join(", ");
}
