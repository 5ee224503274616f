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
import { checkNames } from "../../src/check-options.ts";
import { invalidArgument } from "../../src/errors.ts";
import { validateLabels } from "../../src/labels.ts";
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
  validateRoot(request);
  const values: Readonly<Record<string, unknown>> = { ...request };
  for (const [field, check] of Object.entries(checks)) {
    if (values[field] !== undefined) check(values[field], field);
  }
}

/**
 * Refuses a root that is certainly empty: a relative one is a folder of the bundle, on which only a
 * snapshot, a mount or a hook puts something.
 */
function validateRoot({ id, spec, snapshot }: CreateRequest): void {
  const { root, mounts, hooks, linux, windows } = spec;
  if (!linux || windows || snapshot || hooks || !root || root.path.startsWith("/")) return;
  if (mounts?.some(({ destination }) => destination === "/")) return;
  throw invalidArgument(
    "spec.root.path",
    `Cannot create container "${id}": its root "${root.path}" is an empty folder of the bundle; ` +
      "give linuxSpec() a rootfs, or create() a snapshot",
    { containerId: id },
  );
}

/**
 * Checks what is changed of a container.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `extensions.a.value`.
 */
export function validateChanges(changes: unknown): void {
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
