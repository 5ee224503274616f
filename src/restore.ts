import type { RestoreOptions, RestoreResult } from "./client-options.ts";
import { type ContainerError, isContainerError } from "./errors.ts";
import type { Handles } from "./handles.ts";
import { validateProcessId } from "./identifiers.ts";
import type { Container, Process } from "./runtime.ts";
import { INIT_PROCESS } from "./runtime.ts";
import { validateStdio } from "./stdio-choice.ts";

/** What {@linkcode restore} needs of its client. */
export interface RestoreContext {
  /** Hold what is found. */
  readonly handles: Handles;
  /** Finds the container, once the options are checked. */
  readonly find: () => Promise<Container>;
  /** Is told of streams of the caller that fail. */
  readonly onStreamError: (error: ContainerError) => void;
}

/** Attaches to a process of a container that somebody else, or an earlier process, has started. */
export async function restore(
  options: RestoreOptions & { readonly processId?: string | undefined },
  { handles, find, onStreamError }: RestoreContext,
): Promise<RestoreResult<Process>> {
  const { processId = INIT_PROCESS, signal, stdio } = options;
  if (stdio !== undefined) validateStdio(stdio);
  validateProcessId(processId);
  const container = await find();
  const attach = { signal, stdio, onStreamError };
  const load = async () => {
    if (processId === INIT_PROCESS) {
      const task = await container.task(attach);
      return { process: task, hold: () => handles.addTask(container, task) };
    }
    const task = await handles.task(container.id, { signal }).catch(unlessWithoutTask);
    if (task === undefined) return undefined;
    const process = await task.loadProcess(processId, attach);
    return { process, hold: () => handles.addProcess(process) };
  };
  try {
    const loaded = await load();
    if (loaded === undefined) return gone;
    const { process, hold } = loaded;
    const alive = await isAlive(process, signal);
    hold();
    return { alive, pid: process.pid, process };
  } catch (error) {
    if (isContainerError(error, "not_found")) return gone;
    throw error;
  }
}

const gone = { alive: false, pid: 0, process: undefined } as const;

function unlessWithoutTask(error: unknown): undefined {
  if (!isContainerError(error, "failed_precondition")) throw error;
}

async function isAlive(process: Process, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return (await process.status({ signal })).state !== "stopped";
  } catch (error) {
    // Nobody gets the streams that were attached to; cancelled, they leave the process its output.
    const { stdout, stderr } = process.stdio;
    for (const output of [stdout, stderr]) output?.cancel().catch(() => {});
    throw error;
  }
}
