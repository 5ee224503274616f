import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-grpc";
import { background } from "../rpc/mod.ts";
import { startCall } from "./calls.ts";
import type { Connector } from "./connector.ts";
import type { CallKind } from "./hold.ts";
import type { Routes } from "./routes.ts";
import { createStreamClient } from "./stream-client.ts";
import type { Watchdogs } from "./watchdog.ts";

/** What {@linkcode createStream} takes. */
export interface StreamOptions {
  /** Choose the connection. */
  readonly routes: Routes;
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
  const { routes } = options;
  // One for each, since the HTTP client under it is not told about the call.
  const transports = new Map<string, Transport>();
  const transportFor = (kind: CallKind, size: "small" | "large"): Transport => {
    const key = `${kind} ${size}`;
    const connector = routes.forRequest(size === "small" ? 0 : Number.POSITIVE_INFINITY);
    const transport = transports.get(key) ?? transportOf(options, kind, connector);
    transports.set(key, transport);
    return transport;
  };
  return async (method, signal, timeoutMs, header, input, contextValues) => {
    const kind = contextValues?.get(background) ? "background" : "foreground";
    let messages = input;
    let size: "small" | "large" = "large";
    if (routes.differ && method.methodKind === "server_streaming") {
      const all: MessageInitShape<typeof method.input>[] = [];
      for await (const init of input) all.push(init);
      const sizes = all.map((init) =>
        toBinary(method.input, create(method.input, init)).byteLength
      );
      const bytes = sizes.reduce((sum, each) => sum + each, 0);
      if (routes.forRequest(bytes) === routes.forRequest(0)) size = "small";
      messages = createAsyncIterable(all);
    }
    const transport = transportFor(kind, size);
    return await transport.stream(method, signal, timeoutMs, header, messages, contextValues);
  };
}

function transportOf(options: StreamOptions, kind: CallKind, connector: Connector): Transport {
  const { watchdogs, authority, maxMessageBytes } = options;
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
      startCall(connector, { kind, signal }, (session) => {
        const stream = session.request(headers, kind);
        watchdogs.watch(session, stream);
        return Promise.resolve({ session, stream });
      })
    ),
  });
}
