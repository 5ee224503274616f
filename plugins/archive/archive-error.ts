import { ContainerError, isContainerError } from "../../src/errors.ts";

const codes: Readonly<Record<string, "not_found" | "permission_denied" | "resource_exhausted">> = {
  ENOENT: "not_found",
  ENOTDIR: "not_found",
  EACCES: "permission_denied",
  EPERM: "permission_denied",
  EROFS: "permission_denied",
  ENOSPC: "resource_exhausted",
  EMFILE: "resource_exhausted",
};

/** The error of an archive: of a stream that is no tar, or of the file system. */
export function archiveError(action: string, cause: unknown): ContainerError {
  if (isContainerError(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const errno = cause instanceof Error && "code" in cause ? codes[String(cause.code)] : undefined;
  const isOfTar = cause instanceof Error && "tarCode" in cause;
  const code = errno ?? (isOfTar ? "invalid_argument" : "internal");
  return new ContainerError(code, `${action}: ${message}`, { plugin: "archive", cause });
}
