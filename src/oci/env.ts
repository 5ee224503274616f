import { type Check, isRecord, mapOf, matching, text } from "./check.ts";
import { env as entries } from "./validate-process.ts";

/**
 * Environment variables: `NAME=value` each, or an object. They are added to those that are there
 * already, or replace the one of the same name; `null` in an object removes it.
 */
export type Env = readonly string[] | Readonly<Record<string, string | null | undefined>>;

const record: Check = mapOf(
  (value, at) => value === null || value === undefined || text(value, at),
  matching(/^[^=]+$/, "not the name of a variable"),
);

/** Accepts environments in both forms. */
export const envOption: Check = (value, at) => {
  (isRecord(value) ? record : entries)(value, at);
};

/** Adds variables to an environment; one of the same name takes the place of the other. */
export function mergeEnv(base: readonly string[], env: Env = []): readonly string[] {
  const merged = new Map<string, string>();
  const set = (entry: string) => merged.set(entry.slice(0, entry.indexOf("=")), entry);
  for (const entry of base) set(entry);
  if (Array.isArray(env)) {
    for (const entry of env) set(entry);
  } else {
    for (const [name, value] of Object.entries(env)) {
      if (value === null) merged.delete(name);
      else if (value !== undefined) set(`${name}=${value}`);
    }
  }
  return [...merged.values()];
}
