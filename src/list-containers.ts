import { ContainerError } from "./errors.ts";
import type { ContainerInfo, ListOptions, Runtime } from "./runtime.ts";

/**
 * Lists the containers of runtimes, one after the other; one that keeps no list is left out.
 *
 * @throws {ContainerError} `unimplemented` if there are runtimes, and none of them keeps a list.
 */
export async function* listContainers(
  runtimes: readonly Runtime[],
  options: ListOptions,
): AsyncIterable<ContainerInfo> {
  if (runtimes.length > 0 && !runtimes.some((runtime) => runtime.listContainers)) {
    throw new ContainerError(
      "unimplemented",
      "Cannot list containers: no open runtime keeps a list",
    );
  }
  for (const runtime of runtimes) {
    if (runtime.listContainers) yield* runtime.listContainers(options);
  }
}
