import type { ConnectOptions } from "./connect.ts";
import { Connector } from "./connector.ts";
import type { Session } from "./session.ts";

/** Whether this is Bun, whose HTTP/2 has flow control bugs of its own. */
export const inBun: boolean = process.versions["bun"] !== undefined;

/**
 * Requests of up to so many bytes fit into the first window of any server of gRPC. Larger ones
 * depend on how windows grow.
 */
const smallRequestBytes = 16 * 1024;

/**
 * Chooses the connection of a call: there is one, and in Bun a second one, made by the first large
 * request, on which our own code keeps the windows (see `WindowCredit`). That costs an eighth of a
 * small call, which therefore stays on the runtime's own.
 */
export class Routes {
  readonly #small: Connector;
  readonly #large: Connector;

  /**
   * @param address Where it connects to, for messages.
   * @param connect Makes a session; its signal aborts when nobody waits for it any more.
   */
  constructor(
    address: URL,
    connect: (options: Pick<ConnectOptions, "signal" | "windows">) => Promise<Session>,
  ) {
    this.#small = new Connector(address, (signal) => connect({ signal, windows: "runtime" }));
    this.#large = inBun
      ? new Connector(address, (signal) => connect({ signal, windows: "credited" }))
      : this.#small;
  }

  /** Whether there is something to choose, so that the size of a request has to be known. */
  get differ(): boolean {
    return this.#small !== this.#large;
  }

  /** The connection for a request of so many bytes; those of an open end are `Infinity`. */
  forRequest(bytes: number): Connector {
    return bytes <= smallRequestBytes ? this.#small : this.#large;
  }

  /** Ends all connections; see {@linkcode Connector.close}. */
  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()]);
  }
}
