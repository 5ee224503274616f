import { ContainerError } from "../../src/errors.ts";

/** An `unavailable` error of this plugin. */
export function webError(message: string, cause?: unknown): ContainerError {
  return new ContainerError("unavailable", message, { plugin: "web", cause });
}
