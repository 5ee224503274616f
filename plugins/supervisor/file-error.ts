import { type ContainerError, isContainerError } from "../../src/errors.ts";
import { systemError } from "../fifo/system-error.ts";

/** The error of a file or folder that cannot be used; one of this library is passed on. */
export function fileError(action: string, cause: unknown): ContainerError {
  return isContainerError(cause) ? cause : systemError(action, cause, { plugin: "supervisor" });
}
