import type { CallOptions } from "./runtime.ts";

/**
 * A byte connection in both directions.
 *
 * Disposing it closes both directions; it is idempotent.
 */
export interface Connection extends AsyncDisposable {
  /** What the peer sends; ends when the peer closes its side. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What is sent to the peer; closing it half-closes the connection. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Carries bytes to an address: RPC protocols and stdio pipes share it.
 *
 * `Socket` is the host's own socket type (a `net.Socket` where there is `node:net`), offered
 * beside Web Streams because HTTP/2 stacks accept nothing else.
 */
export interface Transport<Socket = unknown> {
  /** The URL schemes it serves, without the colon, for instance `["unix"]`. */
  readonly schemes: readonly string[];
  /**
   * Connects to an address.
   *
   * @throws {ContainerError} `unavailable` if nothing listens there, `permission_denied` without
   * access, `invalid_argument` for an address that it cannot use. Aborts reject with the reason.
   */
  connect(address: URL, options?: CallOptions): Promise<Connection>;
  /** Connects and gives the host's socket, where the host has one. Errors as for `connect`. */
  socket?(address: URL, options?: CallOptions): Promise<Socket>;
}
