/**
 * gRPC-Web and Connect over `fetch`: for edge runtimes and browsers, and for Node, Deno and Bun.
 *
 * @module
 */

import type { Interceptor } from "@connectrpc/connect";
import type { CallOptions } from "../../src/runtime.ts";
import type { OpenRpc } from "../rpc/mod.ts";
import { readSettings } from "./settings.ts";

export type { OpenRpc };

/** Gives the headers of one request; is asked again for each, so that a token may expire. */
export type HeadersSource = (
  options: CallOptions,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

/** What {@linkcode web} takes. */
export interface WebOptions {
  /**
   * Where the proxy listens, `http` or `https`, with a path if it has one:
   * `https://containers.example/api`. containerd itself does not speak gRPC-Web: a proxy such as
   * Envoy has to stand before it.
   */
  readonly baseUrl: string;
  /** What the proxy speaks, always in the binary format. Default: `grpc-web`. */
  readonly protocol?: "grpc-web" | "connect" | undefined;
  /**
   * Sent with every request, for instance `authorization`; or a function that gives them. A header
   * that a call sets itself, such as the namespace, wins. An error of the function fails the call
   * with `unavailable`. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | HeadersSource | undefined;
  /** Whether cookies are sent, in browsers. Default: the runtime's own; edge runtimes have none. */
  readonly credentials?: "omit" | "same-origin" | "include" | undefined;
  /** Wrap every call, unary and streaming; the last one is applied first. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /**
   * Sends the requests. Default: `globalThis.fetch`, with which Node ends a call or a stream that
   * is silent for 5 minutes: pass one with a dispatcher of undici that has `headersTimeout` and
   * `bodyTimeout` 0 to keep it.
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The largest message, both ways, in bytes. Default: 16 MiB, which is containerd's own limit. */
  readonly maxMessageBytes?: number | undefined;
  /** How long the first answer may take, in milliseconds. Default: 5000. */
  readonly connectTimeoutMs?: number | undefined;
}

/**
 * Declares a server behind a gRPC-Web or Connect proxy. When the result is called, the server is
 * asked for a sign of life, by `grpc.health.v1.Health/Check`; a proxy that does not offer it is
 * asked for containerd's version.
 *
 * What `fetch` cannot do is missing: requests that are streams, so no upload of checkpoints; and
 * calls that do not keep the process alive, so a client must be disposed for Node, Deno and Bun to
 * end. A redirect is refused: it would carry the headers elsewhere. On an edge runtime that binds
 * connections to a request, such as workerd, make one client for each request.
 *
 * Calls reject with `ConnectError`, as Connect's interfaces say; `toContainerError` of `rpc` makes
 * the error of this library from it. Disposal ends all open calls with `unavailable`. A reader that
 * leaves a stream of the transport ends its request; Connect's clients do not pass that on, so give
 * their calls a signal.
 *
 * @example
 * ```ts
 * const runtime = containerd({ rpc: web({ baseUrl: "https://containers.example" }) });
 * const client = new Client(new Registry({}, { fallback: runtime }));
 * ```
 *
 * @throws {ContainerError} `invalid_argument` that names the option. From the returned function:
 * `unavailable`, `permission_denied` or `unauthenticated` if the server does not answer, and
 * `unimplemented` if there is no such service at the URL. An abort rejects with the signal's reason.
 */
export function web(options: WebOptions): OpenRpc {
  const settings = readSettings(options);
  return async (callOptions = {}) => {
    callOptions.signal?.throwIfAborted();
    const { openWeb } = await import("./open.ts");
    return await openWeb(settings, callOptions);
  };
}
