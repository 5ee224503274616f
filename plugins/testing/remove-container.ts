import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";

/** Removes a container, if it is there, in whatever state. */
export async function removeContainer(client: Client, id: string): Promise<void> {
  try {
    await client.delete(id, { force: true });
  } catch (error) {
    if (!isContainerError(error, "not_found")) throw error;
  }
}
