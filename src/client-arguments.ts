import { invalidArgument } from "./errors.ts";
import type { CreateOptions } from "./client-options.ts";
import type { CallOptions } from "./runtime.ts";

/** The names of {@linkcode CreateOptions}, beside the signal. */
export const CREATE_OPTIONS: readonly string[] = [
  "runtimeOptions",
  "labels",
  "image",
  "snapshot",
  "extensions",
  "replace",
] satisfies readonly (keyof CreateOptions<string>)[];

/** Checks that what was given is, or has, the function that it is used by. */
export function checkMethod(field: string, method: unknown): void {
  if (typeof method === "function") return;
  throw invalidArgument(field, `Cannot use "${field}": no function to call`);
}

/** Tells apart what may be left out before the options, and the options. */
export function splitArguments(
  first: string | CallOptions | undefined,
  last: CallOptions,
): readonly [string | undefined, CallOptions] {
  return typeof first === "object" ? [undefined, first] : [first, last];
}

/**
 * Tells a handler of errors; what it throws itself is dropped.
 *
 * @throws {ContainerError} `invalid_argument` if it is none.
 */
export function errorHandler(
  onError: ((error: unknown) => void) | undefined,
): (error: unknown) => void {
  if (onError !== undefined) checkMethod("onError", onError);
  return (error) => {
    try {
      onError?.(error);
    } catch {
      // Nobody is left to be told, and what goes on must not stop for it.
    }
  };
}

/**
 * Gives a process the type that follows from what was asked for: the contract has one for all, and
 * which of its streams are there the caller's type says.
 */
export function typed<P>(process: unknown): P {
  return process as P;
}
