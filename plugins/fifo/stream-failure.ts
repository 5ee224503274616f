import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { StdioRequest } from "../../src/stdio.ts";
import type { StreamFailure } from "./pump.ts";

/** Tells whom a request names of a stream of the caller that failed. */
export function streamFailure(
  request: StdioRequest,
  name: "stdin" | "stdout" | "stderr",
): StreamFailure {
  const { containerId, processId, onStreamError } = request;
  const verb = name === "stdin" ? "feed" : "hand over";
  return (cause) => {
    const error = new ContainerError(
      "data_loss",
      `Cannot ${verb} ${name} of process "${processId}" of container "${containerId}": ${
        stateOf(cause)
      }`,
      { plugin: "fifo", containerId, processId, cause },
    );
    try {
      onStreamError?.(error);
    } catch {
      // Whoever is told must not stop what goes on.
    }
  };
}

function stateOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  // Of this library itself, for instance that a chunk is no Uint8Array, or a read that failed.
  return isContainerError(cause)
    ? text.charAt(0).toLowerCase() + text.slice(1)
    : `its stream failed: ${text}`;
}
