import type { IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromHttpStatus, findTrailerError } from "@connectrpc/connect/protocol-grpc";

/** Headers or trailers as `node:http2` gives them. */
export type RawHeaders = IncomingHttpHeaders;

/** Makes Web headers; what HTTP/2 adds for itself (`:status`) is left out. */
export function toHeaders(raw: RawHeaders | undefined): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw ?? {})) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) headers.append(name, String(item));
  }
  return headers;
}

/**
 * Checks that a response is one of gRPC.
 *
 * @returns The error, if it is not.
 */
export function responseError(raw: RawHeaders): ConnectError | undefined {
  const status = Number(raw[":status"]);
  if (status !== 200) {
    const error = trailerError(raw);
    if (error !== undefined) return error;
    return answered(
      `HTTP status ${status} instead of a gRPC response`,
      codeFromHttpStatus(status),
      raw,
    );
  }
  const type = raw["content-type"] ?? "";
  if (/^application\/grpc(?:\+proto)?(?:;|$)/i.test(type)) return undefined;
  return answered(`content type "${type}" instead of a gRPC response`, Code.Unknown, raw);
}

/**
 * An error that the server's own answer shows, so that asking again does not help.
 *
 * It is made without ConnectError's constructor, which makes Headers: the first ones of a process
 * load all of fetch in Node, which takes longer than connecting does, and an answer such as
 * `not_found` is a usual one. Its metadata is made for those who look at it.
 */
function answered(message: string, code: Code, raw: RawHeaders): ConnectError {
  const error = new Error(`[${nameOf(code)}] ${message}`);
  Object.setPrototypeOf(error, ConnectError.prototype);
  let metadata: Headers | undefined;
  const own = { writable: true, configurable: true, enumerable: false };
  Object.defineProperties(error, {
    name: { ...own, value: "ConnectError" },
    rawMessage: { ...own, value: message },
    code: { ...own, value: code, enumerable: true },
    details: { ...own, value: [] },
    cause: { ...own, value: undefined },
    isWireError: { ...own, value: true },
    metadata: { configurable: true, get: () => metadata ??= toHeaders(raw) },
  });
  return error as ConnectError;
}

/** `FailedPrecondition` is `failed_precondition` in the message of a ConnectError. */
function nameOf(code: Code): string {
  return Code[code].replace(/(?!^)[A-Z]/g, "_$&").toLowerCase();
}

/**
 * Reads the status from trailers, or from the headers of a response that has no body.
 *
 * @returns The server's error, or `undefined` for success and where there is no status.
 */
export function trailerError(raw: RawHeaders): ConnectError | undefined {
  const status = raw["grpc-status"];
  const details = raw["grpc-status-details-bin"];
  if (status === "0" || (status === undefined && details === undefined)) return undefined;
  if (details !== undefined) {
    try {
      const error = findTrailerError(toHeaders(raw));
      if (error !== undefined) return error;
    } catch {
      // The details are broken: the plain status below still says what happened.
    }
  }
  const code = Number(status);
  const known = Number.isInteger(code) && code in Code;
  const message = percentDecode(String(raw["grpc-message"] ?? ""));
  if (known) return answered(message, code, raw);
  return answered(`unknown gRPC status "${status}": ${message}`, Code.Unknown, raw);
}

/**
 * Decodes `%41` and the like. What is not a valid escape, or not UTF-8, is kept as it came: the
 * specification forbids to fail here, and `decodeURIComponent` does.
 */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      const bytes = run.slice(1).split("%").map((hex) => Number.parseInt(hex, 16));
      return new TextDecoder().decode(Uint8Array.from(bytes));
    });
  }
}
