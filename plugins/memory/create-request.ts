import { boolean, type Check, fields, mapOf, name, refuse, text } from "../../src/oci/check.ts";
import type { CreateRequest } from "../../src/runtime.ts";

const typedValue: Check = fields({}, {
  typeUrl: name,
  value: (bytes, at) => {
    if (!(bytes instanceof Uint8Array)) refuse(at, "not a Uint8Array");
  },
});

/**
 * Checks what a request has beside id, spec, shim and labels.
 *
 * @throws {ContainerError} `invalid_argument` with the field.
 */
export function validateRequest(request: CreateRequest): void {
  const { image, snapshot, extensions, replace } = request;
  if (image !== undefined) text(image, "image");
  if (snapshot !== undefined) fields({}, { snapshotter: name, key: name })(snapshot, "snapshot");
  if (extensions !== undefined) validateExtensions(extensions);
  if (replace !== undefined) boolean(replace, "replace");
}

/**
 * Checks extensions.
 *
 * @throws {ContainerError} `invalid_argument` with the field.
 */
export function validateExtensions(extensions: unknown): void {
  mapOf(typedValue)(extensions, "extensions");
}
