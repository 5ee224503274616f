import { invalidArgument } from "../../src/errors.ts";
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

/** The longest delay of a timer: beyond it, every runtime fires at once. */
const maxDelayMs = 2 ** 31 - 1;

/**
 * Checks the numbers of the options and fills in the defaults.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function readSettings(options: GrpcOptions): GrpcSettings {
  const healthIntervalMs = whole(options, "healthIntervalMs", 10_000, 0, maxDelayMs);
  const healthTimeoutMs = whole(options, "healthTimeoutMs", 3_000, 1, maxDelayMs);
  return {
    // The length of a message is sent in 32 bits; a Uint8Array of Node holds at least 2 GiB.
    maxMessageBytes: whole(options, "maxMessageBytes", 16 * 1024 * 1024, 1, 2 ** 31 - 1),
    connectTimeoutMs: whole(options, "connectTimeoutMs", 5_000, 1, maxDelayMs),
    healthIntervalMs,
    healthTimeoutMs: Math.min(healthTimeoutMs, healthIntervalMs || healthTimeoutMs),
    healthMisses: whole(options, "healthMisses", 3, 1, Number.MAX_SAFE_INTEGER),
  };
}

function whole(
  options: GrpcOptions,
  field: keyof GrpcSettings,
  fallback: number,
  least: number,
  most: number,
): number {
  const value = options[field] ?? fallback;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidArgument(
    field,
    `Cannot use ${field} "${value}": must be a whole number from ${least} to ${most}`,
  );
}
