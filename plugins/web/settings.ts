import { checkNames } from "../../src/check-options.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import { parseBaseUrl } from "./base-url.ts";
import { checkInterceptors } from "../rpc/interceptors-option.ts";
import { largestMessageBytes, numberOption } from "../rpc/number-option.ts";
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

const NAMES = [
  "baseUrl",
  "protocol",
  "headers",
  "credentials",
  "interceptors",
  "fetch",
  "maxMessageBytes",
  "connectTimeoutMs",
] satisfies readonly (keyof WebOptions)[];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function readSettings(options: WebOptions): WebSettings {
  checkNames(options, ...NAMES);
  const baseUrl = parseBaseUrl(options.baseUrl);
  const { protocol = "grpc-web", headers, credentials, interceptors, fetch } = options;
  if (protocol !== "grpc-web" && protocol !== "connect") {
    throw invalidArgument(
      "protocol",
      `Cannot use protocol "${shown(protocol)}": must be "grpc-web" or "connect"`,
    );
  }
  if (headers !== undefined && typeof headers !== "function") checkHeaders(headers);
  checkInterceptors(interceptors);
  if (fetch !== undefined && typeof fetch !== "function") {
    throw invalidArgument("fetch", 'Cannot use option "fetch": not a function');
  }
  return {
    baseUrl,
    protocol,
    headers,
    credentials,
    interceptors,
    fetch,
    maxMessageBytes: numberOption(options, "maxMessageBytes", {
      fallback: 16 * 1024 * 1024,
      most: largestMessageBytes,
    }),
    connectTimeoutMs: numberOption(options, "connectTimeoutMs", {
      fallback: 5_000,
      most: longestDelayMs,
    }),
  };
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  if (typeof headers !== "object" || headers === null) {
    throw invalidArgument(
      "headers",
      'Cannot use option "headers": neither an object nor a function',
    );
  }
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
