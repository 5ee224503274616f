import type { Interceptor, Transport } from "@connectrpc/connect";
import { createTransport } from "@connectrpc/connect/protocol-grpc";
import { background } from "../rpc/mod.ts";
import { startCall } from "./calls.ts";
import type { Connector } from "./connector.ts";
import type { CallKind } from "./session.ts";
import { createStreamClient } from "./stream-client.ts";
import type { Watchdogs } from "./watchdog.ts";

/** What {@linkcode createStream} takes. */
export interface StreamOptions {
  /** Gives the session. */
  readonly connector: Connector;
  /** Watch sessions that have open streams. */
  readonly watchdogs: Watchdogs;
  /** `http://localhost` and the like. */
  readonly authority: string;
  /** Wrap every call. */
  readonly interceptors: readonly Interceptor[];
  /** The largest message, both ways, in bytes. */
  readonly maxMessageBytes: number;
}

/** Makes the streaming half of a Connect transport: Connect's own, on our sessions. */
export function createStream(options: StreamOptions): Transport["stream"] {
  // One for each kind, since the HTTP client under it is not told about the context of a call.
  const transports = {
    foreground: transportOf(options, "foreground"),
    background: transportOf(options, "background"),
  };
  return (method, signal, timeoutMs, header, input, contextValues) => {
    const kind = contextValues?.get(background) ? "background" : "foreground";
    return transports[kind].stream(method, signal, timeoutMs, header, input, contextValues);
  };
}

function transportOf(options: StreamOptions, kind: CallKind): Transport {
  const { connector, watchdogs, authority, maxMessageBytes } = options;
  return createTransport({
    baseUrl: authority,
    useBinaryFormat: true,
    interceptors: [...options.interceptors],
    // The server is on this host or close by, and containerd does not compress either.
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 0,
    readMaxBytes: maxMessageBytes,
    writeMaxBytes: maxMessageBytes,
    httpClient: createStreamClient((headers, signal) =>
      startCall(connector, signal, (session) => {
        const stream = session.request(headers, kind);
        watchdogs.watch(session, stream);
        return Promise.resolve({ session, stream });
      })
    ),
  });
}
