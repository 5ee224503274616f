import type { Process as ProcessSpec, Spec } from "./oci/spec.ts";
import type { Resources, TerminalSize } from "./runtime.ts";

// The checks are a good third of the core's size, and who only looks on never needs them: each is
// loaded on first use.
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

/** Checks labels: `invalid_argument` names the first wrong one. */
export async function checkLabels(labels: Readonly<Record<string, string>>): Promise<void> {
  (await import("./labels.ts")).validateLabels(labels);
}

/** The number of a signal; `invalid_argument` for one that there is not. */
export async function checkSignal(signal: number | string): Promise<number> {
  return (await import("./signals.ts")).parseSignal(signal);
}

/** Checks the size of a terminal: `invalid_argument` names the side that is out of bounds. */
export async function checkTerminalSize(size: TerminalSize): Promise<void> {
  (await import("./terminal-size.ts")).validateTerminalSize(size);
}
