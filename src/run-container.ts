import type { Cleanups } from "./cleanups.ts";
import type { StartOptions } from "./client-options.ts";
import { type ContainerError, isContainerError } from "./errors.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { Handles } from "./handles.ts";
import type { Launcher } from "./launcher.ts";
import type { Container, Task } from "./runtime.ts";
import { refusePiped } from "./stdio-choice.ts";

/** What {@linkcode runContainer} uses of its client. */
export interface RunContainerTools {
  /** Starts the task. */
  readonly launcher: Launcher;
  /** Let go of the container. */
  readonly handles: Handles;
  /** Remove it. */
  readonly cleanups: Cleanups;
  /** Is told of streams of the caller that fail, where the call cannot reject with that. */
  readonly onError: (error: unknown) => void;
  /** Makes the container, once the options are checked. */
  readonly create: () => Promise<Container>;
}

/** Runs a container to its end and removes it, on every path. */
export async function runContainer(
  { launcher, handles, cleanups, onError, create }: RunContainerTools,
  options: StartOptions,
): Promise<ExitStatus> {
  const { signal, stdio } = options;
  if (stdio !== undefined) refusePiped(stdio);
  const container = await create();
  let task: Task | undefined;
  let status: ExitStatus;
  let isOver = false;
  let failure: ContainerError | undefined;
  // The first one is what the call rejects with, if nothing else is.
  const onStreamError = (error: ContainerError) => {
    if (isOver || failure !== undefined) onError(error);
    else failure = error;
  };
  const remove = async (budget: AbortSignal) => {
    await task?.delete({ force: true, signal: budget }).catch(unlessMissing);
    await container.delete({ signal: budget }).catch(unlessMissing);
    handles.removeContainer(container);
  };
  try {
    try {
      task = await launcher.start(container, options, onStreamError);
      status = await task.wait({ signal });
    } finally {
      isOver = true;
      // An abort during the removal rejects, too.
      await cleanups.add(remove, { signal, subject: container.id });
    }
  } catch (error) {
    if (failure !== undefined) onError(failure);
    throw error;
  }
  if (failure !== undefined) throw failure;
  return status;
}

/** What somebody else has removed need not be removed. */
function unlessMissing(error: unknown): void {
  if (!isContainerError(error, "not_found")) throw error;
}
