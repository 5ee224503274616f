import { validateRequestParts } from "../../src/create-request.ts";
import { invalidArgument } from "../../src/errors.ts";
import type { CreateRequest } from "../../src/runtime.ts";

export { validateChanges } from "../../src/create-request.ts";

/**
 * Checks what a request has beside id, spec, shim and what belongs to them.
 *
 * @throws {ContainerError} `invalid_argument` with the field, for instance `snapshot.key`.
 */
export function validateCreateRequest(request: CreateRequest): void {
  validateRoot(request);
  validateRequestParts(request);
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
