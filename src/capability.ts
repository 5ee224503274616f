import { ContainerError } from "./errors.ts";
import type { Task } from "./runtime.ts";

/**
 * A member of a task that not every runtime has.
 *
 * @throws {ContainerError} `unimplemented`, by its name, if this one has not.
 */
export function capability<Name extends keyof Task>(
  task: Task,
  name: Name,
): NonNullable<Task[Name]> {
  const member = task[name];
  if (member !== undefined && member !== null) return member;
  throw new ContainerError(
    "unimplemented",
    `Cannot call ${name} of container "${task.containerId}": its runtime does not have it`,
    { containerId: task.containerId },
  );
}
