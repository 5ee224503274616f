import { abortable } from "./abort.ts";
import { type Cleanups, cleanupSubject } from "./cleanups.ts";
import type { ExecOptions, StartOptions } from "./client-options.ts";
import type { ContainerError } from "./errors.ts";
import type { Handles } from "./handles.ts";
import type { Process as ProcessSpec } from "./oci/spec.ts";
import type { Container, Process, Task } from "./runtime.ts";

// Loaded on first use: who only looks on gives nothing streams.
const choices = () => import("./stdio-choice.ts");

/** Starts the processes of one client, and undoes what fails on the way. */
export class Launcher {
  readonly #handles: Handles;
  readonly #cleanups: Cleanups;
  readonly #onError: (error: unknown) => void;

  /**
   * @param handles Hold what was started.
   * @param onError Is told of streams of the caller that fail.
   */
  constructor(handles: Handles, cleanups: Cleanups, onError: (error: unknown) => void) {
    this.#handles = handles;
    this.#cleanups = cleanups;
    this.#onError = onError;
  }

  /** Starts the first process of a container. */
  async start(
    container: Container,
    options: StartOptions,
    onStreamError: (error: ContainerError) => void = this.#onError,
  ): Promise<Task> {
    const { signal, stdio, checkpointDir } = options;
    const { handStdio, stdioOptions } = await choices();
    const terminal = typeof stdio === "function" &&
      ((await container.info({ signal })).spec.process?.terminal ?? false);
    const task = await container.newTask({
      signal,
      checkpointDir,
      stdio: stdioOptions(stdio, terminal),
      onStreamError,
    });
    try {
      await abortable(handStdio(stdio, task.stdio), signal);
      await task.start({ signal });
    } catch (error) {
      await this.#cleanups.add(
        (budget) => task.delete({ force: true, signal: budget }),
        { signal, subject: container.id },
      );
      throw error;
    }
    this.#handles.addTask(container, task);
    return task;
  }

  /** Starts a further process, whose record is removed when it has ended. */
  async exec(
    task: Task,
    processId: string,
    process: ProcessSpec,
    options: ExecOptions,
  ): Promise<Process> {
    const { signal, stdio } = options;
    const { handStdio, stdioOptions } = await choices();
    const subject = cleanupSubject({ containerId: task.containerId, processId });
    // An ended process of this id may not be removed yet.
    await abortable(this.#cleanups.settled(subject), signal);
    const handle = await task.exec(processId, process, {
      signal,
      stdio: stdioOptions(stdio, process.terminal ?? false),
      onStreamError: this.#onError,
    });
    const remove = async (budget: AbortSignal) => {
      await handle.delete({ force: true, signal: budget });
    };
    try {
      await abortable(handStdio(stdio, handle.stdio), signal);
      await handle.start({ signal });
    } catch (error) {
      await this.#cleanups.add(remove, { signal, subject });
      throw error;
    }
    this.#handles.addProcess(handle);
    handle.exited.then((status) => {
      this.#handles.endProcess(handle, status);
      return this.#cleanups.add(remove, { subject });
    });
    return handle;
  }
}
