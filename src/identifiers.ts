import { invalidArgument, shown } from "./errors.ts";
import { INIT_PROCESS } from "./runtime.ts";

/** Letters and digits, with one `.`, `_` or `-` at a time between them: safe as part of a path. */
const IDENTIFIER = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const MAX_IDENTIFIER_LENGTH = 76;

/** At least two parts, as the name of the binary is made from the last two. */
const SHIM_NAME = /^[^\s./\\:]+(?:\.[^\s./\\:]+)+$/;
const SHIM_PATH = /^(?:\/|\\\\|[A-Za-z]:[\\/])(?:.*[^\\/])$/;

/**
 * Checks the id of a container: at most 76 letters and digits, with one `.`, `_` or `-` at a time
 * between them.
 *
 * @param field What the error names as the refused field.
 * @throws {ContainerError} `invalid_argument` for any other.
 * @see containerd pkg/identifiers/validate.go
 */
export function validateContainerId(id: string, field = "containerId"): void {
  validateIdentifier("container id", id, field);
}

/**
 * Checks the id of a process, by the rule of {@linkcode validateContainerId}.
 *
 * @param field What the error names as the refused field.
 * @throws {ContainerError} `invalid_argument` for any other.
 */
export function validateProcessId(id: string, field = "processId"): void {
  validateIdentifier("process id", id, field);
}

/**
 * Checks the id of a further process: as {@linkcode validateProcessId}, and not `init`, which is the
 * first one.
 *
 * @param field What the error names as the refused field.
 * @throws {ContainerError} `invalid_argument` for any other.
 */
export function validateExecId(id: string, field = "processId"): void {
  validateProcessId(id, field);
  if (id !== INIT_PROCESS) return;
  throw invalidArgument(field, `Cannot use process id "${id}": it is the first process's`);
}

/**
 * Checks the name of a containerd namespace, by the rule of {@linkcode validateContainerId}.
 *
 * @param field What the error names as the refused field.
 * @throws {ContainerError} `invalid_argument` for any other.
 */
export function validateNamespace(namespace: string, field = "namespace"): void {
  validateIdentifier("namespace", namespace, field);
}

/**
 * Checks the name of a shim: parts joined by dots, at least two, such as `io.containerd.runc.v2`;
 * or the absolute path of its binary, of Linux or Windows.
 *
 * @param field What the error names as the refused field.
 * @throws {ContainerError} `invalid_argument` for any other.
 * @see moby daemon/runtime_unix.go `isPermissibleC8dRuntimeName`; containerd pkg/shim/util.go
 */
export function validateShimName(name: string, field = "shim"): void {
  if (typeof name === "string" && (SHIM_NAME.test(name) || SHIM_PATH.test(name))) {
    if (!name.includes("\0")) return;
  }
  throw invalidArgument(
    field,
    `Cannot use shim "${
      shown(name)
    }": neither a name such as io.containerd.runc.v2 nor an absolute path`,
  );
}

function validateIdentifier(kind: string, id: string, field: string): void {
  const fail = (state: string): never => {
    throw invalidArgument(field, `Cannot use ${kind} "${shown(id)}": ${state}`);
  };
  if (typeof id !== "string") fail("not a string");
  if (id.length > MAX_IDENTIFIER_LENGTH) {
    fail(`longer than ${MAX_IDENTIFIER_LENGTH} characters`);
  }
  if (!IDENTIFIER.test(id)) {
    fail("not made of letters and digits with single dots, underscores or dashes between them");
  }
}
