import { Code, ConnectError } from "@connectrpc/connect";
import { ContainerError, type ErrorCode, isContainerError } from "../../src/errors.ts";
import { codeFromText, plainText } from "./error-texts.ts";

/** What is known about a call that failed. */
export interface FailedCall {
  /** How the message starts: action and object in quotes, as in `Cannot pause container "web"`. */
  readonly action: string;
  /** The id of the plugin that made the call. */
  readonly plugin: string;
  /** The container the call was about. */
  readonly containerId?: string | undefined;
  /** The process the call was about; `init` is the first one. */
  readonly processId?: string | undefined;
  /** The signal of the caller: the only proof that it was the caller who ended the call. */
  readonly signal?: AbortSignal | undefined;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  // Nobody here cancelled, else the signal would say so: the connection, or the server, went away.
  [Code.Canceled]: "unavailable",
  [Code.Unknown]: "unknown",
  [Code.InvalidArgument]: "invalid_argument",
  [Code.DeadlineExceeded]: "deadline_exceeded",
  [Code.NotFound]: "not_found",
  [Code.AlreadyExists]: "already_exists",
  [Code.PermissionDenied]: "permission_denied",
  [Code.ResourceExhausted]: "resource_exhausted",
  [Code.FailedPrecondition]: "failed_precondition",
  [Code.Aborted]: "aborted",
  [Code.OutOfRange]: "out_of_range",
  [Code.Unimplemented]: "unimplemented",
  [Code.Internal]: "internal",
  [Code.Unavailable]: "unavailable",
  [Code.DataLoss]: "data_loss",
  [Code.Unauthenticated]: "unauthenticated",
};

/** Errnos, and codes of Node's HTTP/2, that say: there is no connection, or no longer one. */
const connectionCodes: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "EBUSY",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTCONN",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_HTTP2_STREAM_CANCEL",
  "ERR_HTTP2_STREAM_ERROR",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/**
 * Turns whatever a call rejected with into the error of this library.
 *
 * Whether the caller ended the call is read from the caller's signal, never from a code: a
 * connection that breaks is reported as `canceled`, too.
 *
 * @param error What the call rejected with.
 * @param call What is known about the call.
 * @returns The error to throw.
 * @throws `call.signal.reason`, unchanged, if the signal has aborted.
 */
export function toContainerError(error: unknown, call: FailedCall): ContainerError {
  call.signal?.throwIfAborted();
  const { code, state } = classify(error);
  return new ContainerError(code, `${call.action}: ${state}`, {
    plugin: call.plugin,
    containerId: call.containerId,
    processId: call.processId,
    cause: error,
  });
}

/**
 * Tells whether a call failed because there was no connection, or the connection broke, so that
 * asking again may help. Only for calls that change nothing: the server may have done the work.
 *
 * A server's own answer is never retryable, whatever its code.
 */
export function isRetryable(error: unknown): boolean {
  const chain = causes(error);
  if (chain.some(isWireError)) return false;
  return chain.some((cause) => connectionCodes.has(codeOf(cause))) ||
    chain.some((cause) => cause instanceof ConnectError && cause.code === Code.Canceled);
}

function classify(error: unknown): { readonly code: ErrorCode; readonly state: string } {
  const chain = causes(error);
  const own = chain.find((cause) => isContainerError(cause));
  if (own !== undefined) return { code: own.code, state: uncapitalize(own.message) };
  const wire = chain.find(isWireError);
  if (wire !== undefined) {
    const code = wire.code === Code.Unknown ? codeFromText(wire.rawMessage) : codes[wire.code];
    return { code: code ?? "unknown", state: plainText(wire.rawMessage) || stateOf(wire.code) };
  }
  const errno = chain.find((cause) => connectionCodes.has(codeOf(cause)));
  if (errno !== undefined) return { code: "unavailable", state: connectionState(chain, errno) };
  const denied = chain.find((cause) => ["EACCES", "EPERM"].includes(codeOf(cause)));
  if (denied !== undefined) return { code: "permission_denied", state: messageOf(denied) };
  const connect = chain.find((cause) => cause instanceof ConnectError);
  if (connect === undefined) return { code: "unknown", state: messageOf(error) };
  if (connect.code === Code.Canceled) {
    return { code: "unavailable", state: `connection lost (${connect.rawMessage})` };
  }
  if (connect.code === Code.Unknown) {
    return { code: codeFromText(connect.rawMessage), state: plainText(connect.rawMessage) };
  }
  return { code: codes[connect.code] ?? "unknown", state: connect.rawMessage };
}

/**
 * The server's answer, as opposed to an error that was made on this side. connect-es keeps that
 * in a field it calls internal; without the field every error counts as made here.
 */
function isWireError(cause: unknown): cause is ConnectError {
  return cause instanceof ConnectError && "isWireError" in cause && cause.isWireError === true;
}

/** What an RPC plugin says of a lost connection names the address; the error below it rarely does. */
function connectionState(chain: readonly unknown[], errno: unknown): string {
  const said = chain.find((cause) =>
    cause instanceof ConnectError && cause.code === Code.Unavailable
  );
  const code = codeOf(errno);
  const message = messageOf(said ?? errno);
  return message.includes(code) ? message : `${message} (${code})`;
}

function stateOf(code: Code): string {
  return (codes[code] ?? "unknown").replaceAll("_", " ");
}

/** The error and its causes, outermost first; a ring of causes ends the list. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let cause = error; cause !== undefined && !chain.includes(cause);) {
    chain.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return chain;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

function messageOf(error: unknown): string {
  if (error instanceof ConnectError) return error.rawMessage;
  return error instanceof Error ? error.message : String(error);
}

function uncapitalize(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
