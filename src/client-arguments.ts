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

/** Tells apart what may be left out before the options, and the options. */
export function splitArguments(
  first: string | CallOptions | undefined,
  last: CallOptions,
): readonly [string | undefined, CallOptions] {
  return typeof first === "object" ? [undefined, first] : [first, last];
}

/** Tells a handler of errors; what it throws itself is dropped. */
export function errorHandler(
  onError: ((error: unknown) => void) | undefined,
): (error: unknown) => void {
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
