import { ContainerError, type ContainerErrorOptions, type ErrorCode } from "../../src/errors.ts";

const kinds: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: ["permission_denied", "permission denied"],
  EPERM: ["permission_denied", "operation not permitted"],
  EROFS: ["permission_denied", "file system is read-only"],
  ENOENT: ["not_found", "no such file or folder"],
  ENOTDIR: ["not_found", "not a folder"],
  EMFILE: ["resource_exhausted", "too many open files"],
  ENFILE: ["resource_exhausted", "too many open files"],
  ENOSPC: ["resource_exhausted", "no space left"],
  EPIPE: ["failed_precondition", "nobody reads it any more"],
};

/** The code of an error of the operating system, for instance `ENOENT`; `""` without one. */
export function systemCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === "string" && code !== "") return code;
  // Deno refuses what its own permissions forbid with errors that have a name and no code.
  return name === "NotCapable" || name === "PermissionDenied" ? "EACCES" : "";
}

/**
 * A `ContainerError` for an error of the operating system.
 *
 * @param action Action and object, for instance `Cannot open FIFO "/run/x"`.
 */
export function systemError(
  action: string,
  cause: unknown,
  options: ContainerErrorOptions = {},
): ContainerError {
  const [code, state] = kinds[systemCode(cause)] ??
    ["internal", cause instanceof Error ? cause.message : String(cause)];
  return new ContainerError(code, `${action}: ${state}`, { plugin: "fifo", ...options, cause });
}
