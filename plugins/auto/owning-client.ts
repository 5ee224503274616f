import { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import type { Registry } from "../../src/registry.ts";

/** A client that something belongs to, which is disposed after it. */
export class OwningClient extends Client {
  readonly #owned: AsyncDisposable;

  /** @param owned What belongs to it. */
  constructor(registry: Registry, options: ClientOptions, owned: AsyncDisposable) {
    super(registry, options);
    this.#owned = owned;
  }

  /** Closes all connections; then disposes what belongs to it, whatever came of that. */
  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await super[Symbol.asyncDispose]();
    } finally {
      await this.#owned[Symbol.asyncDispose]();
    }
  }
}
