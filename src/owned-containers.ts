import type { Cleanups } from "./cleanups.ts";
import { deleteContainer } from "./delete-container.ts";
import { isContainerError } from "./errors.ts";
import type { Handles } from "./handles.ts";
import type { Container } from "./runtime.ts";

/**
 * Removes containers with their tasks, all at once, each within 45 s. One that is gone is passed
 * over, and so is another one that somebody has made of its id since.
 *
 * @param cleanups Run the removals, and tell of what could not be removed.
 */
export async function removeOwned(
  containers: Iterable<Container>,
  handles: Handles,
  cleanups: Cleanups,
): Promise<void> {
  const removals = Array.from(containers, (owned) => {
    const remove = async (budget: AbortSignal) => {
      const options = { force: true, signal: budget };
      const container = await handles.container(owned.id, options);
      if (container.createdAt?.getTime() !== owned.createdAt?.getTime()) return;
      const deleteTask = async () => (await handles.task(owned.id, options)).delete(options);
      await deleteContainer(container, { ...options, handles, deleteTask });
    };
    const unlessMissing = (error: unknown) => {
      if (!isContainerError(error, "not_found")) throw error;
    };
    return cleanups.add((budget) => remove(budget).catch(unlessMissing), { subject: owned.id });
  });
  await Promise.all(removals);
}
