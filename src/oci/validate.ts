import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  isRecord,
  list,
  mapOf,
  matching,
  name,
  path,
  refuse,
  text,
  unixPath,
} from "./check.ts";
import type { LinuxResources, Process, Spec, WindowsResources } from "./spec.ts";
import { idMappings, linux } from "./validate-linux.ts";
import { args, env, process } from "./validate-process.ts";
import { onlyLinuxLimits, onlyWindowsLimits } from "./validate-resources.ts";
import { windows } from "./validate-windows.ts";

/** What the checks take. */
export interface ValidateOptions {
  /** What the path of a refused field starts with. Default: what is checked, for instance `spec`. */
  readonly field?: string | undefined;
}

function fieldOf(options: ValidateOptions, fallback: string): string {
  if (!isRecord(options)) refuse("options", "not an object");
  const { field = fallback } = options;
  if (typeof field !== "string") refuse("field", "not a string");
  return field;
}

/** Accepts the hooks of a container. */
export const hooks: Check = mapOf(
  list(fields({ args: list(text), env, timeout: integer(1, 0x7fff_ffff) }, { path })),
);

/** Accepts the mounts of a container. */
export const mounts: Check = list(
  fields({
    type: text,
    source: text,
    options: list(text),
    uidMappings: idMappings,
    gidMappings: idMappings,
  }, { destination: path }),
);

/** Accepts annotations. */
export const annotations: Check = mapOf(text);

const spec: Check = every(
  fields({
    root: fields({ readonly: boolean }, { path: text }),
    hostname: text,
    domainname: text,
    mounts,
    hooks,
    annotations,
    linux,
    windows,
    vm: fields({}),
    freebsd: fields({}),
    solaris: fields({}),
    zos: fields({}),
  }, {
    ociVersion: matching(/^\d+\.\d+\.\d+/),
    process,
  }),
  (value, at) => {
    const spec = value as Spec;
    if (spec.linux) fields({}, { root: fields({}, { path: name }) })(spec, at);
    // A Linux container on Windows has both sections.
    if (spec.windows && !spec.linux) return;
    fields({}, { args, cwd: unixPath })(spec.process, `${at}.process`);
    fields({ mounts: list(fields({ destination: unixPath })) })(spec, at);
  },
);

/**
 * Checks a spec field by field. What it does not know is accepted; a process is required, and for
 * a Linux container a root.
 *
 * @throws {ContainerError} `invalid_argument` for the first field that is wrong, by its path: for
 * instance `spec.process.args[0]`.
 */
export function validateSpec(
  value: unknown,
  options: ValidateOptions = {},
): asserts value is Spec {
  spec(value, fieldOf(options, "spec"));
}

/**
 * Checks the description of a process, of Linux or Windows, field by field.
 *
 * @throws {ContainerError} `invalid_argument` for the first field that is wrong, by its path: for
 * instance `process.cwd`.
 */
export function validateProcess(
  value: unknown,
  options: ValidateOptions = {},
): asserts value is Process {
  process(value, fieldOf(options, "process"));
}

/**
 * Checks limits field by field: by the rules of Windows where a field says so that only Windows
 * has (`storage`, `cpu.count`, `cpu.maximum`, `cpu.affinity`), else by those of Linux. What it does
 * not know is refused: a misspelt limit would be none.
 *
 * @throws {ContainerError} `invalid_argument` for the first field that is wrong, by its path: for
 * instance `resources.memory.limit`.
 */
export function validateResources(
  value: unknown,
  options: ValidateOptions = {},
): asserts value is LinuxResources | WindowsResources {
  const cpu = isRecord(value) && isRecord(value["cpu"]) ? value["cpu"] : {};
  const onWindows = (isRecord(value) && "storage" in value) ||
    ["count", "maximum", "affinity"].some((field) => field in cpu);
  (onWindows ? onlyWindowsLimits : onlyLinuxLimits)(value, fieldOf(options, "resources"));
}
