import { constants } from "node:os";
import { hostError } from "./host-error.ts";

/** The number of a signal: a number, or a name in any case, with or without `SIG`. */
export function signalNumber(signal: number | string): number {
  if (typeof signal === "number") return signal;
  const name = signal.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const number = Object.entries(constants.signals).find(([known]) => known === name)?.[1];
  if (number === undefined) {
    const message = `Cannot use signal "${signal}": no such signal`;
    throw hostError("invalid_argument", message, { field: "signal" });
  }
  return number;
}

/** The exit code that stands for the end by a signal, as shells have it. */
export function codeOf(code: number | null, signal: string | null): number {
  return code ?? 128 + signalNumber(signal ?? "SIGKILL");
}
