import { ContainerError, type ContainerErrorOptions, type ErrorCode } from "../../src/mod.ts";

/**
 * An error as the client wants it: a stable code, and a text of the action, its object in quotes, a
 * colon and the state.
 */
export function hostError(
  code: ErrorCode,
  message: string,
  options: Omit<ContainerErrorOptions, "plugin"> = {},
): ContainerError {
  return new ContainerError(code, message, { plugin: "host", ...options });
}
