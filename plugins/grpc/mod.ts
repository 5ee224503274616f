/**
 * gRPC over HTTP/2, for Node, Deno and Bun.
 *
 * @module
 */

import type { Interceptor } from "@connectrpc/connect";
import type { Transport } from "../../src/transport.ts";
import type { OpenRpc } from "../rpc/mod.ts";
import type { TlsOptions } from "../tcp/mod.ts";

export type { OpenRpc };

/** What {@linkcode grpc} takes. */
export interface GrpcOptions {
  /**
   * Where the server listens: `unix:///run/containerd/containerd.sock`, a plain absolute path of a
   * unix socket, `tcp://host:port`, `tls://host:port`, or any URL that `transport` serves.
   */
  readonly address: string;
  /** Carries the bytes. Default: by the scheme of the address, `unix`, `tcp` or `tls`. */
  readonly transport?: Transport | undefined;
  /** Certificates for an address with the scheme `tls` or `https`; not read with `transport`. */
  readonly tls?: TlsOptions | undefined;
  /** Wrap every call, unary and streaming; the last one is applied first. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** The largest message, both ways, in bytes. Default: 16 MiB, which is containerd's own limit. */
  readonly maxMessageBytes?: number | undefined;
  /** How long a connection may take, with the server's first HTTP/2 frame. Default: 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * While streams are open, how often the server is asked for a sign of life
   * (`grpc.health.v1.Health/Check`; any answer counts). 0 turns it off. Default: 10000.
   */
  readonly healthIntervalMs?: number | undefined;
  /** How long an answer to that may take. Default: 3000, at most `healthIntervalMs`. */
  readonly healthTimeoutMs?: number | undefined;
  /** After how many missing answers in a row the connection is given up. Default: 3. */
  readonly healthMisses?: number | undefined;
}

/**
 * Declares a gRPC server. The connection is made when the result is called, once for all calls,
 * and again by the next call after it was lost; open streams fail with it and are not resumed. In
 * Bun the first large request makes a second connection, for large requests.
 *
 * Calls reject with `ConnectError`, as Connect's interfaces say; `toContainerError` of `rpc` makes
 * the error of this library from it. The connection keeps the process alive while a call is open
 * that is not marked as `background`.
 *
 * No HTTP/2 PING is ever sent: containerd closes a connection for them.
 *
 * @throws {ContainerError} from the returned function: `invalid_argument` for an address or option
 * that cannot be used, `unavailable`, `permission_denied` or `unauthenticated` if there is no
 * connection. An abort rejects with the signal's reason.
 */
export function grpc(options: GrpcOptions): OpenRpc {
  return async (callOptions = {}) => {
    callOptions.signal?.throwIfAborted();
    const { openGrpc } = await import("./open.ts");
    return await openGrpc(options, callOptions);
  };
}
