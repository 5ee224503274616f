import type { ErrorCode } from "../../src/errors.ts";

/**
 * Whether a kind of error comes from the state of what a call is about, or from elsewhere: also from
 * what it was given, of which a recording has only a part.
 */
const ORIGINS: Readonly<Record<ErrorCode, "state" | "elsewhere">> = {
  aborted: "elsewhere",
  already_exists: "state",
  conflict: "state",
  data_loss: "elsewhere",
  deadline_exceeded: "elsewhere",
  failed_precondition: "state",
  internal: "elsewhere",
  invalid_argument: "elsewhere",
  not_found: "state",
  not_modified: "state",
  out_of_range: "elsewhere",
  permission_denied: "elsewhere",
  resource_exhausted: "elsewhere",
  unauthenticated: "elsewhere",
  unavailable: "elsewhere",
  unimplemented: "elsewhere",
  unknown: "elsewhere",
};

/** The kinds of errors. */
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ORIGINS) as ErrorCode[];

/** Whether nothing that a replay knows of would bring an error about. */
export function comesFromElsewhere(code: ErrorCode): boolean {
  return ORIGINS[code] === "elsewhere";
}
