import type { Process as ProcessSpec, Spec } from "./oci/spec.ts";
import type { Resources } from "./runtime.ts";

// The checks are a good third of the core's size, and who only looks on never needs them: they are
// loaded with the first spec.
const checks = () => import("./oci/validate.ts");

/** Checks a spec field by field; `invalid_argument` names the first wrong one: `spec.process.cwd`. */
export async function checkSpec(spec: Spec): Promise<void> {
  const validate: (spec: unknown) => void = (await checks()).validateSpec;
  validate(spec);
}

/** Checks a process field by field, as {@linkcode checkSpec}. */
export async function checkProcess(process: ProcessSpec): Promise<void> {
  const validate: (process: unknown) => void = (await checks()).validateProcess;
  validate(process);
}

/** Checks limits field by field, as {@linkcode checkSpec}. */
export async function checkResources(resources: Resources): Promise<void> {
  const validate: (resources: unknown) => void = (await checks()).validateResources;
  validate(resources);
}
