import { hostError } from "./host-error.ts";

/** Options of calls that say yes or no: the word "false" would be a yes. */
const FLAGS = ["all", "force"];

/** Refuses options that are none: the client checks its own, and not those of who uses handles. */
export function checkOptions(options: unknown): void {
  if (options === undefined) return;
  checkObject(options, "options");
  const values = options as Readonly<Record<string, unknown>>;
  const { signal } = values as { readonly signal?: unknown };
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw refused("signal", "not an AbortSignal");
  }
  for (const name of FLAGS) {
    if (!["boolean", "undefined"].includes(typeof values[name])) {
      throw refused(name, "not a boolean");
    }
  }
}

/** Refuses what is no object. */
export function checkObject(value: unknown, field: string): asserts value is object {
  if (typeof value !== "object" || value === null) throw refused(field, "not an object");
}

function refused(field: string, state: string): Error {
  return hostError("invalid_argument", `Cannot use "${field}": ${state}`, { field });
}
