import { Code, ConnectError } from "@connectrpc/connect";
import { constants } from "node:http2";

/** What gRPC makes of the error codes of HTTP/2; all others are `internal`. */
const codes: Readonly<Record<number, Code>> = {
  // It says that nothing was done, so that the call can be made again.
  [constants.NGHTTP2_REFUSED_STREAM]: Code.Unavailable,
  // The server went away, or gave the call up: nobody cancelled on this side.
  [constants.NGHTTP2_CANCEL]: Code.Unavailable,
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: Code.ResourceExhausted,
  [constants.NGHTTP2_INADEQUATE_SECURITY]: Code.PermissionDenied,
};

const names: Readonly<Record<number, string>> = Object.fromEntries(
  [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
  ].map((name, code) => [code, name]),
);

/**
 * The error of a call whose stream ended without a status while the connection lives on.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
 */
export function resetError(resetCode: number | undefined, cause: unknown): ConnectError {
  const code = resetCode ?? constants.NGHTTP2_NO_ERROR;
  const text = code === constants.NGHTTP2_NO_ERROR
    ? "response ended without a status"
    : `stream was reset by the server (${names[code] ?? code})`;
  const kind = codes[code] ?? Code.Internal;
  // The code of node:http2 stands for a connection that failed. Here only some resets are that.
  const reset = kind === Code.Unavailable
    ? Object.assign(new Error(text, { cause }), { code: "ERR_HTTP2_STREAM_ERROR" })
    : undefined;
  return new ConnectError(text, kind, undefined, undefined, reset);
}
