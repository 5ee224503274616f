import { Code, ConnectError } from "@connectrpc/connect";
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import { canceled, unanswered } from "./call-errors.ts";
import { FrameReader } from "./frames.ts";
import type { CallKind } from "./hold.ts";
import type { Session } from "./session.ts";
import { type RawHeaders, responseError, trailerError } from "./status.ts";

/** What a unary call sends. */
export interface Request {
  /** Its headers, with `:path`. */
  readonly headers: OutgoingHttpHeaders;
  /** Its one message, with the head. */
  readonly frame: Uint8Array;
  /** Whether it keeps the process alive. */
  readonly kind: CallKind;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
  /** Ends it after so long; the server was told by a header. */
  readonly timeoutMs: number | undefined;
  /** The largest response, in bytes. */
  readonly maxMessageBytes: number;
}

/** What a unary call got. */
export interface Reply {
  /** Headers of the response. */
  readonly header: RawHeaders;
  /** Trailers of the response. */
  readonly trailer: RawHeaders;
  /** The encoded message. */
  readonly message: Uint8Array;
}

/**
 * Sends one message on a stream of its own and waits for one message and its status: the whole of a
 * unary call, without the iterators, web streams and header objects of a general HTTP client, which
 * cost several times the call itself.
 *
 * A stream must have been reserved on the session, and the signal must not have aborted.
 *
 * @throws {ConnectError} the server's error; `unavailable` if the connection was lost, `canceled`
 * with the signal's reason as cause after an abort, `deadline_exceeded`, `resource_exhausted`.
 */
export function exchange(session: Session, request: Request): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    const stream = open(session, request);
    const reader = new FrameReader(request.maxMessageBytes);
    let header: RawHeaders | undefined;
    let trailer: RawHeaders | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    let settled = false;

    const settle = () => {
      settled = true;
      signal?.removeEventListener("abort", onAbort);
      if (timer !== undefined) clearTimeout(timer);
    };
    const fail = (error: unknown) => {
      if (settled) return;
      settle();
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
      reject(error);
    };
    const onAbort = () => fail(canceled(signal?.reason));
    const finish = () => {
      if (settled) return;
      const status = trailer ?? header;
      if (header === undefined || status?.["grpc-status"] === undefined) {
        return fail(unanswered(session, stream.rstCode));
      }
      const error = trailerError(status);
      if (error !== undefined) return fail(error);
      try {
        const message = reader.finish();
        if (message === undefined) return fail(missing());
        settle();
        // A server may answer before it has read all of the request: no more of it is sent.
        if (!stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
        resolve({ header, trailer: trailer ?? {}, message });
      } catch (error) {
        fail(error);
      }
    };

    stream.on("response", (raw) => {
      header = raw;
      const error = responseError(raw);
      if (error !== undefined) fail(error);
    });
    stream.on("data", (chunk: Uint8Array) => {
      if (settled) return;
      try {
        reader.push(chunk);
      } catch (error) {
        fail(error);
      }
    });
    stream.on("trailers", (raw) => {
      trailer = raw;
      if (ended) finish();
    });
    stream.on("end", () => {
      ended = true;
      if (trailer !== undefined || header?.["grpc-status"] !== undefined) finish();
    });
    stream.on("error", (error) => {
      // What follows the answer, such as the end of the session, is nobody's error any more.
      if (!settled) fail(unanswered(session, stream.rstCode, error));
    });
    stream.on("close", finish);
    if (request.timeoutMs !== undefined) {
      timer = setTimeout(() => fail(late()), request.timeoutMs);
      if (request.kind === "background" && typeof timer === "object") timer.unref();
    }
    signal?.addEventListener("abort", onAbort);
    stream.end(request.frame);
  });
}

function open(session: Session, request: Request): ClientHttp2Stream {
  try {
    return session.request(request.headers, request.kind);
  } catch (error) {
    throw session.usable ? ConnectError.from(error, Code.Internal) : session.lost(error);
  }
}

function late(): ConnectError {
  return new ConnectError("the operation timed out", Code.DeadlineExceeded);
}

function missing(): ConnectError {
  return new ConnectError("protocol error: response without a message", Code.Internal);
}
