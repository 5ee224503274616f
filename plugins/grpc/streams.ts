import type { DescMessage } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamResponse,
  type Transport,
} from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { background } from "../rpc/mod.ts";
import { startCall } from "./calls.ts";
import type { Connector } from "./connector.ts";
import type { Session } from "./session.ts";
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

/** Makes the streaming half of a Connect transport: connect-node's, on our sessions. */
export function createStream(options: StreamOptions): Transport["stream"] {
  const { connector, watchdogs, authority, maxMessageBytes } = options;
  return async (method, signal, timeoutMs, header, input, contextValues) => {
    const kind = contextValues?.get(background) ? "background" : "foreground";
    let session: Session | undefined;
    // One for each call, since what connect-node asks for a stream does not say for which call.
    const transport = createGrpcTransport({
      baseUrl: authority,
      interceptors: [...options.interceptors],
      acceptCompression: [],
      readMaxBytes: maxMessageBytes,
      writeMaxBytes: maxMessageBytes,
      sessionManager: {
        authority,
        request: async (verb, path, headers) =>
          await startCall(connector, signal, (found) => {
            session = found;
            const stream = found.request({ ...headers, ":method": verb, ":path": path }, kind);
            watchdogs.watch(found, stream);
            return Promise.resolve(stream);
          }),
        notifyResponseByteRead: () => {},
      },
    });
    const explain = (error: unknown) => explained(error, session, signal);
    try {
      const response = await transport.stream(
        method,
        signal,
        timeoutMs,
        header,
        input,
        contextValues,
      );
      return withErrors(response, explain);
    } catch (error) {
      throw explain(error);
    }
  };
}

function withErrors<I extends DescMessage, O extends DescMessage>(
  response: StreamResponse<I, O>,
  explain: (error: unknown) => unknown,
): StreamResponse<I, O> {
  const { message } = response;
  return {
    ...response,
    message: {
      [Symbol.asyncIterator]() {
        const iterator = message[Symbol.asyncIterator]();
        return {
          async next() {
            try {
              return await iterator.next();
            } catch (error) {
              throw explain(error);
            }
          },
        };
      },
    },
  };
}

/** A stream that ends with its connection is reported as cancelled, by all runtimes: say what it was. */
function explained(
  error: unknown,
  session: Session | undefined,
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted || !(error instanceof ConnectError) || error.isWireError) return error;
  if (session !== undefined && !session.alive) return session.lost(error);
  if (error.code !== Code.Canceled && error.code !== Code.Aborted) return error;
  return new ConnectError(error.rawMessage, Code.Unavailable, undefined, undefined, error);
}
