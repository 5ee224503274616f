import {
  boolean,
  type Check,
  fields,
  isRecord,
  mapOf,
  name,
  refuse,
  text,
} from "../../src/oci/check.ts";
import type { CreateRequest } from "../../src/runtime.ts";

const bytes: Check = (value, at) => {
  if (!(value instanceof Uint8Array)) refuse(at, "not a Uint8Array");
};

const typedValues: Check = mapOf(fields({}, { typeUrl: name, value: bytes }));

const checks: Readonly<Record<string, Check>> = {
  image: text,
  snapshot: fields({}, { snapshotter: name, key: name }),
  extensions: typedValues,
  replace: boolean,
};

/**
 * Checks what a request has beside id, spec, shim and what belongs to them.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `snapshot.key`.
 */
export function validateCreateRequest(request: CreateRequest): void {
  const values: Readonly<Record<string, unknown>> = { ...request };
  for (const [field, check] of Object.entries(checks)) {
    if (values[field] !== undefined) check(values[field], field);
  }
}

/**
 * Checks extensions.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `extensions.a.value`.
 */
export function validateExtensions(extensions: unknown): void {
  if (!isRecord(extensions)) refuse("extensions", "not an object");
  typedValues(extensions, "extensions");
}
