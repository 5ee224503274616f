import { checkNames } from "../../src/check-options.ts";
import { invalidArgument } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import { checkInterceptors } from "../rpc/interceptors-option.ts";
import { largestMessageBytes, numberOption } from "../rpc/number-option.ts";
import type { GrpcOptions } from "./mod.ts";

/** The numbers of {@linkcode GrpcOptions}, checked and with their defaults. */
export interface GrpcSettings {
  /** The largest message, both ways, in bytes. */
  readonly maxMessageBytes: number;
  /** How long a connection may take, with the server's first frame. */
  readonly connectTimeoutMs: number;
  /** How often a sign of life is asked for while streams are open; 0 is never. */
  readonly healthIntervalMs: number;
  /** How long an answer to that may take. */
  readonly healthTimeoutMs: number;
  /** After how many missing answers in a row the connection is given up. */
  readonly healthMisses: number;
}

const NAMES = [
  "address",
  "transport",
  "tls",
  "interceptors",
  "maxMessageBytes",
  "connectTimeoutMs",
  "healthIntervalMs",
  "healthTimeoutMs",
  "healthMisses",
] satisfies readonly (keyof GrpcOptions)[];

/**
 * Checks the names and the numbers of the options and fills in the defaults.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function readSettings(options: GrpcOptions): GrpcSettings {
  checkNames(options, ...NAMES);
  const { transport, interceptors } = options;
  if (transport !== undefined && !Array.isArray(transport?.schemes)) {
    throw invalidArgument("transport", 'Cannot use option "transport": not a transport');
  }
  checkInterceptors(interceptors);
  const delay = { most: longestDelayMs };
  const healthIntervalMs = numberOption(options, "healthIntervalMs", {
    fallback: 10_000,
    least: 0,
    ...delay,
  });
  const healthTimeoutMs = numberOption(options, "healthTimeoutMs", { fallback: 3_000, ...delay });
  return {
    maxMessageBytes: numberOption(options, "maxMessageBytes", {
      fallback: 16 * 1024 * 1024,
      most: largestMessageBytes,
    }),
    connectTimeoutMs: numberOption(options, "connectTimeoutMs", { fallback: 5_000, ...delay }),
    healthIntervalMs,
    healthTimeoutMs: Math.min(healthTimeoutMs, healthIntervalMs || healthTimeoutMs),
    healthMisses: numberOption(options, "healthMisses", {
      fallback: 3,
      most: Number.MAX_SAFE_INTEGER,
    }),
  };
}
