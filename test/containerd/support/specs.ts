import { linuxSpec } from "../../../src/oci/linux-spec.ts";
import { processSpec } from "../../../src/oci/process-spec.ts";
import type { Process, Spec } from "../../../src/oci/spec.ts";
import { sharedRootfs } from "../../helpers/cache.ts";

/** A container that runs a command on the shared, read-only root file system. */
export function specOf(...args: readonly string[]): Spec {
  return linuxSpec({ args, rootfs: sharedRootfs, readonlyRootfs: true });
}

/** A container that runs until it is killed. */
export function sleeper(): Spec {
  return specOf("sleep", "600");
}

/** A further process. */
export function execOf(...args: readonly string[]): Process {
  return processSpec({ args });
}
