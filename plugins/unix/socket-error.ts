import { ContainerError, type ErrorCode } from "../../src/errors.ts";

const states: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: ["permission_denied", "permission denied"],
  EPERM: ["permission_denied", "operation not permitted"],
  ECONNABORTED: ["unavailable", "connection was aborted"],
  ECONNREFUSED: ["unavailable", "nothing listens there"],
  ECONNRESET: ["unavailable", "connection was reset"],
  EAI_AGAIN: ["unavailable", "name cannot be resolved at present"],
  EHOSTUNREACH: ["unavailable", "host cannot be reached"],
  ENETUNREACH: ["unavailable", "network cannot be reached"],
  ENOENT: ["unavailable", "no such socket"],
  ENOTDIR: ["unavailable", "no such socket"],
  ENOTFOUND: ["unavailable", "no such host"],
  EPIPE: ["unavailable", "connection is closed"],
  ETIMEDOUT: ["unavailable", "no answer"],
};

/** Certificate errors of OpenSSL, as Node, Deno and Bun name them. */
const certificate = /CERT|SIGNATURE|ERR_SSL_|ERR_TLS_/;

/** What failed on a socket. */
export interface FailedSocket {
  /** How the message starts: `Cannot connect to` or `Lost connection to`. */
  readonly action: string;
  /** Where the socket leads to. */
  readonly address: URL;
}

/**
 * Turns the error of a socket into the error of this library; the errno stays in the message.
 *
 * @returns `permission_denied` for EACCES and EPERM, `unauthenticated` if a TLS certificate was
 * refused by either side, `unavailable` for everything else.
 */
export function socketError(error: unknown, socket: FailedSocket): ContainerError {
  const errno = errnoOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const [code, state] = states[errno] ??
    (certificate.test(errno) ? ["unauthenticated", text] : ["unavailable", text]);
  const suffix = errno === "" || state.includes(errno) ? "" : ` (${errno})`;
  return new ContainerError(
    code,
    `${socket.action} "${socket.address.href}": ${state}${suffix}`,
    { cause: error },
  );
}

/**
 * The errno of an error. Where a name has several addresses, Node and Deno report an
 * `AggregateError` whose own code may be missing; the first inner error then decides.
 */
function errnoOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error instanceof AggregateError ? errnoOf(error.errors[0]) : "";
}
