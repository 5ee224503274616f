import { invalidArgument } from "./errors.ts";

/**
 * Checks the names of options: a misspelt one would be silent. Inherited ones count, too, so that a
 * bare `AbortSignal` in place of `{ signal }` is refused.
 *
 * @param known The names that there are.
 * @throws {ContainerError} `invalid_argument` with the name of the first other one as its field.
 */
export function checkNames(options: object, ...known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw invalidArgument("options", `Cannot use options "${options}": not an object`);
  }
  for (const name in options) {
    if (!known.includes(name)) {
      throw invalidArgument(name, `Cannot use option "${name}": there is no such option`);
    }
  }
}

/**
 * Checks what a call takes as its last argument, as {@linkcode checkNames}.
 *
 * @param known The names that it may have beside `signal`.
 */
export function checkOptions(options: object, ...known: readonly string[]): void {
  checkNames(options, "signal", ...known);
  const { signal } = options as { readonly signal?: Partial<AbortSignal> };
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw invalidArgument("signal", 'Cannot use option "signal": not an AbortSignal');
  }
}
