import { checkNames } from "./check-options.ts";
import { validateContainerId, validateShimName } from "./identifiers.ts";
import { validateLabels } from "./labels.ts";
import { boolean, type Check, fields, isRecord, mapOf, name, refuse, text } from "./oci/check.ts";
import { validateSpec } from "./oci/validate.ts";
import type { ContainerChanges, CreateRequest } from "./runtime.ts";

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
 * Checks what a container is made from, but for the options of its runtime, which are the plugin's.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `snapshot.key`.
 */
export function validateCreateRequest(request: CreateRequest): void {
  if (!isRecord(request)) refuse("request", "not an object");
  const { id, spec, shim, labels = {} } = request;
  validateContainerId(id);
  validateShimName(shim);
  validateSpec(spec);
  validateLabels(labels);
  validateRequestParts(request);
}

/**
 * Checks what a request has beside id, spec, shim and what belongs to them.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `snapshot.key`.
 */
export function validateRequestParts(request: CreateRequest): void {
  const values: Readonly<Record<string, unknown>> = { ...request };
  for (const [field, check] of Object.entries(checks)) {
    if (values[field] !== undefined) check(values[field], field);
  }
}

/**
 * Checks what is changed of a container.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `extensions.a.value`.
 */
export function validateChanges(changes: ContainerChanges): void {
  if (!isRecord(changes)) refuse("changes", "not an object");
  checkNames(changes, "labels", "extensions");
  const { labels = {}, extensions = {} } = changes;
  if (!isRecord(labels)) refuse("labels", "not an object");
  // A label that is null is removed.
  const kept = Object.entries(labels).filter(([, value]) => value !== null);
  validateLabels(Object.fromEntries(kept) as Readonly<Record<string, string>>);
  if (!isRecord(extensions)) refuse("extensions", "not an object");
  typedValues(extensions, "extensions");
}
