import { invalidArgument } from "../errors.ts";
import type { Spec } from "./spec.ts";

/**
 * What of JSON's newer side is used: in Node since 21, Deno, Bun and workerd; the compiler's
 * libraries do not describe it yet.
 *
 * @see https://tc39.es/proposal-json-parse-with-source/
 */
interface SourceJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}

const json = JSON as unknown as SourceJson;

/** An integer of so many digits may be too large to be exact as a number. */
const LONG_INTEGER = /\d{16}/;

/**
 * Writes a value as JSON in UTF-8: a `bigint`, and an integer beyond 2^53 - 1, with all of its
 * digits, so that Go reads it as an `int64` or `uint64`.
 */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(value, (_key, field: unknown) => {
    const exact = typeof field === "number" && Number.isInteger(field) &&
        !Number.isSafeInteger(field)
      ? BigInt(field)
      : field;
    return typeof exact === "bigint" ? json.rawJSON(`${exact}`) : field;
  });
  return new TextEncoder().encode(text);
}

/**
 * Reads JSON in UTF-8. An integer that a `number` would not hold exactly is a `bigint`.
 *
 * @throws {ContainerError} `invalid_argument` with field `bytes` for what is not JSON in UTF-8.
 */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // A reviver makes reading several times slower, and hardly any document needs it.
    if (!LONG_INTEGER.test(text)) return JSON.parse(text);
    return json.parse(text, (_key, value, { source }) => {
      if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
      return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
    });
  } catch (cause) {
    throw invalidArgument("bytes", "Cannot read JSON: not valid", { cause });
  }
}

/** Writes a spec as JSON in UTF-8: see {@linkcode encodeJson}. */
export function encodeSpec(spec: Spec): Uint8Array<ArrayBuffer> {
  return encodeJson(spec);
}

/**
 * Reads a spec from JSON in UTF-8, without a check of its fields: a spec that another tool wrote
 * must be readable, whatever is in it. Integers that a `number` would not hold are `bigint`.
 *
 * @throws {ContainerError} `invalid_argument` with field `bytes` for what is not JSON in UTF-8, or no
 * object.
 */
export function decodeSpec(bytes: Uint8Array): Spec {
  const value = decodeJson(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidArgument("bytes", "Cannot read spec: not an object");
  }
  return value as Spec;
}
