import { ContainerError, isContainerError } from "../../src/errors.ts";
import { systemCode, systemError } from "../fifo/system-error.ts";

/** The error of a file or folder that cannot be used; one of this library is passed on. */
export function fileError(action: string, cause: unknown): ContainerError {
  if (isContainerError(cause)) return cause;
  const options = { plugin: "supervisor", cause };
  return ["EISDIR", "ERR_FS_EISDIR"].includes(systemCode(cause))
    ? new ContainerError("failed_precondition", `${action}: it is a folder`, options)
    : systemError(action, cause, options);
}
