import type { OutgoingHttpHeaders } from "node:http2";

/** Headers that the protocol sets and a caller cannot. */
const reserved: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "grpc-timeout",
  "host",
  "te",
  "transfer-encoding",
]);

/**
 * The headers of a request of gRPC.
 *
 * @param timeoutMs How long the call may take, for the server; at most 8 digits of it are sent.
 * @param header Headers of the caller, for instance `containerd-namespace`.
 */
export function requestHeaders(
  path: string,
  timeoutMs: number | undefined,
  header: HeadersInit | undefined,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    te: "trailers",
    "user-agent": "libcontainerd",
  };
  if (timeoutMs !== undefined) headers["grpc-timeout"] = timeoutOf(timeoutMs);
  if (header !== undefined) addAll(headers, header);
  return headers;
}

function addAll(headers: OutgoingHttpHeaders, header: HeadersInit): void {
  // A record is read as it is: `node:http2` checks names and values, and Headers cost as much as
  // encoding the message. Even their name costs, once: in Node it loads all of fetch.
  const entries = isRecord(header)
    ? Object.entries(header)
    : header instanceof Headers
    ? header
    : new Headers(header);
  for (const [given, value] of entries) {
    const name = given.toLowerCase();
    if (!reserved.has(name) && !name.startsWith(":")) headers[name] = value;
  }
}

function isRecord(header: HeadersInit): header is Record<string, string> {
  return !(Symbol.iterator in header);
}

/** The unit grows until the number has at most 8 digits, which is all that gRPC allows. */
function timeoutOf(timeoutMs: number): string {
  const most = 99_999_999;
  if (timeoutMs <= most) return `${Math.ceil(timeoutMs)}m`;
  return `${Math.min(Math.ceil(timeoutMs / 1000), most)}S`;
}
