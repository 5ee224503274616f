import { invalidArgument, shown } from "./errors.ts";

/** The options of calls that say yes or no. */
const FLAGS = ["all", "exit", "force", "remove"];

/**
 * Checks the names of options: a misspelt one would be silent. Inherited ones count, too, so that a
 * bare `AbortSignal` in place of `{ signal }` is refused.
 *
 * @param known The names that there are.
 * @throws {ContainerError} `invalid_argument` with the name of the first other one as its field.
 */
export function checkNames(options: object, ...known: readonly string[]): void {
  checkObject(options);
  for (const name in options) {
    if (!known.includes(name)) {
      throw invalidArgument(name, `Cannot use option "${shown(name)}": there is no such option`);
    }
  }
}

/**
 * Checks what a call takes as its last argument, as {@linkcode checkNames} and
 * {@linkcode checkCall} do.
 *
 * @param known The names that it may have beside `signal`.
 */
export function checkOptions(options: object, ...known: readonly string[]): void {
  checkNames(options, "signal", ...known);
  checkCall(options);
}

/**
 * Checks the values of what a call takes as its last argument, whatever else is in it. What says yes
 * or no must be a boolean: the word "false" would be a yes.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function checkCall(options: object): void {
  checkObject(options);
  const values = options as Readonly<Record<string, unknown>>;
  const signal = values["signal"] as Partial<AbortSignal> | undefined;
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw invalidArgument("signal", 'Cannot use option "signal": not an AbortSignal');
  }
  for (const name of FLAGS) {
    if (!["boolean", "undefined"].includes(typeof values[name])) {
      throw invalidArgument(name, `Cannot use option "${name}": not a boolean`);
    }
  }
}

function checkObject(options: object): void {
  if (typeof options === "object" && options !== null) return;
  throw invalidArgument("options", `Cannot use options "${shown(options)}": not an object`);
}
