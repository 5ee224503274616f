/**
 * A small kit to check data field by field: the first that is wrong is refused by its path.
 *
 * @module
 */

import { invalidArgument, shown } from "../errors.ts";

/** Refuses a value that is wrong; `at` is its path, for instance `spec.process.args[0]`. */
export type Check = (value: unknown, at: string) => void;

/** Largest unsigned integer of 16 bits. */
export const MAX_UINT16 = 0xffff;
/** Largest unsigned integer of 32 bits. */
export const MAX_UINT32 = 0xffff_ffff;
/** Largest signed integer of 64 bits. */
export const MAX_INT64: bigint = 2n ** 63n - 1n;
/** Largest unsigned integer of 64 bits. */
export const MAX_UINT64: bigint = 2n ** 64n - 1n;

/**
 * Refuses the value at a path.
 *
 * @param state What is wrong with it.
 * @throws {ContainerError} `invalid_argument`, always.
 */
export function refuse(at: string, state: string): never {
  throw invalidArgument(at, `Cannot use "${at}": ${state}`);
}

/** Tells whether a value is an object as JSON has it: no array, no instance of a class. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  // Any realm's Object.prototype is the one that has no prototype itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Accepts booleans. */
export const boolean: Check = (value, at) => {
  if (typeof value !== "boolean") refuse(at, "not a boolean");
};

/**
 * Accepts strings that a C string can hold, and that match.
 *
 * @param state What is wrong with one that does not. Default: shows the pattern.
 */
export function matching(pattern: RegExp, state?: string): Check {
  return (value, at) => {
    if (typeof value !== "string") refuse(at, "not a string");
    if (value.includes("\0")) refuse(at, "contains a NUL character");
    if (!pattern.test(value)) {
      refuse(at, state ?? `"${shown(value)}" does not match ${pattern.source}`);
    }
  };
}

/** Accepts the given words. */
export function oneOf(...words: readonly string[]): Check {
  return (value, at) => {
    if (!words.includes(value as string)) refuse(at, `not one of ${words.join(", ")}`);
  };
}

/** Accepts strings without NUL. */
export const text: Check = matching(/^/);
/** Accepts strings without NUL that are not empty. */
export const name: Check = matching(/[^]/, "empty");
/** Accepts absolute paths of Linux. */
export const unixPath: Check = matching(/^\//, "not an absolute path");
/** Accepts absolute paths of Linux and of Windows. */
export const path: Check = matching(/^([/\\]|[a-z]:([/\\]|$))/i, "not an absolute path");

/** Accepts integers within bounds; a `number` only where it is exact. */
export function integer(min: number, max: number | bigint): Check {
  return (value, at) => {
    if (typeof value !== "bigint" && !Number.isInteger(value)) refuse(at, "not an integer");
    const number = value as number | bigint;
    if (number < min || number > max) refuse(at, `${number} is not within ${min} to ${max}`);
    if (typeof number === "number" && !Number.isSafeInteger(number)) {
      refuse(at, "too large to be exact as a number, pass a bigint");
    }
  };
}

/** Accepts unsigned integers of 16 bits. */
export const uint16: Check = integer(0, MAX_UINT16);
/** Accepts unsigned integers of 32 bits. */
export const uint32: Check = integer(0, MAX_UINT32);
/** Accepts unsigned integers of 64 bits. */
export const uint64: Check = integer(0, MAX_UINT64);
/** Accepts signed integers of 64 bits that are a limit: -1 stands for none. */
export const limit: Check = integer(-1, MAX_INT64);

/**
 * Accepts arrays of what `item` accepts.
 *
 * @param unique A field by which no two items may be equal.
 */
export function list(item: Check, unique?: string): Check {
  return (value, at) => {
    if (!Array.isArray(value)) refuse(at, "not an array");
    const seen = new Set<unknown>();
    // By index, because holes of a sparse array must be seen, too.
    for (let index = 0; index < value.length; index++) {
      item(value[index], `${at}[${index}]`);
      if (unique === undefined) continue;
      const key: unknown = value[index][unique];
      if (seen.has(key)) refuse(`${at}[${index}].${unique}`, `"${key}" is there twice`);
      seen.add(key);
    }
  };
}

/** Accepts arrays of what `item` accepts that are not empty. */
export function nonEmpty(item: Check): Check {
  return every(list(item), (value, at) => {
    if ((value as readonly unknown[]).length === 0) refuse(at, "empty");
  });
}

/** Accepts objects whose keys and values are all accepted. */
export function mapOf(item: Check, key: Check = name): Check {
  return (value, at) => {
    if (!isRecord(value)) refuse(at, "not an object");
    for (const [field, content] of Object.entries(value)) {
      const path = at + (/^\w+$/.test(field) ? `.${field}` : `[${JSON.stringify(field)}]`);
      key(field, path);
      item(content, path);
    }
  };
}

/** Accepts what all checks accept. */
export function every(...checks: readonly Check[]): Check {
  return (value, at) => {
    for (const check of checks) check(value, at);
  };
}

/**
 * Accepts objects by their fields. `null` stands for a field that is left out, because that is
 * how Go writes an empty list. Fields that are not named are accepted as they are.
 */
export function fields(
  optional: Readonly<Record<string, Check>>,
  required: Readonly<Record<string, Check>> = {},
): Check {
  const checks = Object.entries({ ...required, ...optional });
  return (value, at) => {
    if (!isRecord(value)) refuse(at, "not an object");
    for (const [field, check] of checks) {
      const path = `${at}.${field}`;
      if (value[field] !== undefined && value[field] !== null) check(value[field], path);
      else if (Object.hasOwn(required, field)) refuse(path, "missing");
    }
  };
}

/** Accepts objects by their fields, as {@linkcode fields}, and no others: one may be misspelt. */
export function onlyFields(
  optional: Readonly<Record<string, Check>>,
  required: Readonly<Record<string, Check>> = {},
): Check {
  const known = { ...optional, ...required };
  return every(fields(optional, required), (value, at) => {
    for (const field of Object.keys(value as object)) {
      if (!Object.hasOwn(known, field)) refuse(`${at}.${field}`, "no such option");
    }
  });
}

/**
 * Accepts objects by their fields, and no others: a misspelt option must not be ignored, as it may
 * be the one that takes a right away.
 */
export function options(
  optional: Readonly<Record<string, Check>>,
  required: Readonly<Record<string, Check>> = {},
): Check {
  return every(onlyFields(optional, required), (value, at) => {
    for (const [field, content] of Object.entries(value as object)) {
      if (content === null) refuse(`${at}.${field}`, "null");
    }
  });
}
