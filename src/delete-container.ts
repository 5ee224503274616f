import { isContainerError } from "./errors.ts";
import type { Handles } from "./handles.ts";
import type { Container, DeleteOptions } from "./runtime.ts";

/** How often a forced deletion ends a task that somebody starts at the same time. */
const ATTEMPTS = 3;

/** What {@linkcode deleteContainer} takes. */
export interface DeleteContainerOptions extends DeleteOptions {
  /** Let go of the container. */
  readonly handles: Handles;
  /** Ends and removes its task. */
  readonly deleteTask: () => Promise<unknown>;
}

/**
 * Removes a container; with `force` its task before, and what somebody else removes is no error.
 *
 * @throws {ContainerError} `failed_precondition` if it has a task, `not_found` if it is gone.
 */
export async function deleteContainer(
  container: Container,
  { handles, deleteTask, force, signal }: DeleteContainerOptions,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    if (force) await deleteTask().catch(unlessWithoutTask);
    try {
      await container.delete({ signal });
      break;
    } catch (error) {
      if (isContainerError(error, "not_found")) {
        handles.removeContainer(container);
        // Somebody else has removed it meanwhile: what was asked for has come to be.
        if (force) return;
      }
      // A start that was under way has made a task in between.
      const hasTask = isContainerError(error, "failed_precondition");
      if (!force || !hasTask || attempt === ATTEMPTS) throw error;
    }
  }
  handles.removeContainer(container);
}

function unlessWithoutTask(error: unknown): void {
  if (isContainerError(error, "failed_precondition") || isContainerError(error, "not_found")) {
    return;
  }
  throw error;
}
