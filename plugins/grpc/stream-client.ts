import type {
  UniversalClientFn,
  UniversalClientRequest,
  UniversalClientResponse,
} from "@connectrpc/connect/protocol";
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import { BodyQueue } from "./body-queue.ts";
import { canceled, unanswered } from "./call-errors.ts";
import type { Session } from "./session.ts";
import { type RawHeaders, toHeaders } from "./status.ts";

/** A stream, and the session that it is on. */
export interface OpenedStream {
  /** The session. */
  readonly session: Session;
  /** The stream. */
  readonly stream: ClientHttp2Stream;
}

/** Opens a stream; rejects with `ConnectError`. */
export type OpenStream = (
  headers: OutgoingHttpHeaders,
  signal: AbortSignal | undefined,
) => Promise<OpenedStream>;

/**
 * Makes the HTTP client that Connect's gRPC transport runs streaming calls on.
 *
 * connect-node's own one reads a response by the iterator of the stream, which fails on any socket
 * that is not a `net.Socket` (see {@linkcode BodyQueue}), and ends an aborted call with
 * INTERNAL_ERROR unless the reason is an `AbortError`.
 */
export function createStreamClient(open: OpenStream): UniversalClientFn {
  return async (request) => {
    const { signal } = request;
    const opened = await open(headersOf(request), signal);
    const { stream } = opened;
    return await new Promise<UniversalClientResponse>((resolve, reject) => {
      const trailer = new Headers();
      const body = new BodyQueue(stream);
      let failure: unknown;
      let status: RawHeaders | undefined;
      const fail = (error: unknown) => {
        failure ??= error;
        if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
        body.end(failure);
        reject(failure);
      };
      const onAbort = () => fail(canceled(signal?.reason));
      const finish = () => {
        signal?.removeEventListener("abort", onAbort);
        // Without a status the end of the data says nothing: the stream may have been cut.
        if (status === undefined) fail(unanswered(opened.session, stream.rstCode, failure));
        else body.end(undefined);
      };
      stream.on("response", (raw) => {
        if (raw["grpc-status"] !== undefined || Number(raw[":status"]) !== 200) status = raw;
        resolve({ status: Number(raw[":status"]), header: toHeaders(raw), body, trailer });
      });
      stream.on("trailers", (raw) => {
        status = raw;
        for (const [name, value] of toHeaders(raw)) trailer.append(name, value);
      });
      stream.on("end", () => {
        if (status !== undefined) body.end(undefined);
      });
      stream.on("error", (error) => fail(unanswered(opened.session, stream.rstCode, error)));
      stream.on("close", finish);
      signal?.addEventListener("abort", onAbort);
      if (signal?.aborted) return onAbort();
      send(stream, request.body).catch(fail);
    });
  };
}

function headersOf(request: UniversalClientRequest): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ":method": request.method,
    ":path": new URL(request.url).pathname,
  };
  for (const [name, value] of request.header) headers[name] = value;
  return headers;
}

/** Sends the messages, each when the one before it has left; stops when the stream has ended. */
async function send(
  stream: ClientHttp2Stream,
  body: AsyncIterable<Uint8Array> | undefined,
): Promise<void> {
  const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  for await (const chunk of body ?? []) {
    if (stream.closed || stream.destroyed) return;
    if (stream.write(chunk)) continue;
    await Promise.race([closed, new Promise<void>((resolve) => stream.once("drain", resolve))]);
  }
  if (!stream.closed && !stream.destroyed) stream.end();
}
