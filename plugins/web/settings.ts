import { type ContainerError, invalidArgument } from "../../src/errors.ts";
import type { WebOptions } from "./mod.ts";

/** The options of a connection, checked and with their defaults. */
export interface WebSettings
  extends Pick<WebOptions, "headers" | "credentials" | "interceptors" | "fetch"> {
  /** Where the proxy listens, without a slash at the end. */
  readonly baseUrl: string;
  /** What it speaks. */
  readonly protocol: "grpc-web" | "connect";
  /** The largest message, both ways, in bytes. */
  readonly maxMessageBytes: number;
  /** How long the first answer may take. */
  readonly connectTimeoutMs: number;
}

/** The longest delay of a timer: beyond it, every runtime fires at once. */
const maxDelayMs = 2 ** 31 - 1;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function readSettings(options: WebOptions, baseUrl: string): WebSettings {
  const { protocol = "grpc-web", headers, credentials, interceptors, fetch } = options;
  if (protocol !== "grpc-web" && protocol !== "connect") {
    throw refused("protocol", protocol, 'must be "grpc-web" or "connect"');
  }
  if (typeof headers === "object") checkHeaders(headers);
  return {
    baseUrl,
    protocol,
    headers,
    credentials,
    interceptors,
    fetch,
    // The length of a message is sent in 32 bits; a Uint8Array of Node holds at least 2 GiB.
    maxMessageBytes: whole(options, "maxMessageBytes", 16 * 1024 * 1024, 2 ** 31 - 1),
    connectTimeoutMs: whole(options, "connectTimeoutMs", 5_000, maxDelayMs),
  };
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers({ [name]: value });
    } catch (cause) {
      // The value may be a secret.
      throw invalidArgument(`headers.${name}`, `Cannot use header "${name}": not a valid header`, {
        cause,
      });
    }
  }
}

function whole(
  options: WebOptions,
  field: "maxMessageBytes" | "connectTimeoutMs",
  fallback: number,
  most: number,
): number {
  const value = options[field] ?? fallback;
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw refused(field, value, `must be a whole number from 1 to ${most}`);
}

function refused(field: string, value: unknown, state: string): ContainerError {
  return invalidArgument(field, `Cannot use ${field} "${value}": ${state}`);
}
