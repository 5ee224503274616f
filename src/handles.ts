import { ContainerError, isContainerError } from "./errors.ts";
import type { ExitStatus } from "./exit-status.ts";
import {
  type CallOptions,
  type Container,
  type DeleteOptions,
  INIT_PROCESS,
  type Process,
  type Runtime,
  type Task,
} from "./runtime.ts";

/** How a process ended that was let go of. */
export interface EndedProcess {
  /** What was its process id on the runtime's host. */
  readonly pid: number;
  /** How it ended. */
  readonly status: ExitStatus;
}

/** What a client holds of one container. */
interface Entry {
  /** Where it was found; asked first when it is looked for again. */
  readonly runtime: Runtime | undefined;
  /** When it was made, if that is known: tells it from another one of its id. */
  readonly createdAt: number | undefined;
  /** The handles that were given out for it. */
  readonly handles: WeakSet<Container>;
  task?: Task | undefined;
  /** Whether the first process of the task has ended, so that another one may have taken its place. */
  isOver?: boolean;
  readonly processes: Map<string, Process>;
  readonly ended: Map<string, EndedProcess>;
}

/** How many results of ended processes are kept for a container. */
const ENDED_LIMIT = 1024;

/**
 * Finds the handles of containers, tasks and processes by their ids. A container is looked for each
 * time, since somebody else may have removed it and made another one of that id; a task is held for
 * as long as its first process has not ended.
 */
export class Handles {
  readonly #runtimes: (options: CallOptions) => Promise<readonly Runtime[]>;
  readonly #entries = new Map<string, Entry>();

  /** @param runtimes The runtimes that are asked for a container that is not held yet. */
  constructor(runtimes: (options: CallOptions) => Promise<readonly Runtime[]>) {
    this.#runtimes = runtimes;
  }

  /** Holds a container that a runtime has made. */
  addContainer(container: Container, runtime: Runtime): void {
    this.#hold(container, runtime);
  }

  /** Holds the task of a container. */
  addTask(container: Container, task: Task): void {
    const before = this.#entries.get(container.id);
    const entry = before?.task?.pid === task.pid
      ? before
      : this.#hold(container, before?.runtime, before?.handles);
    entry.handles.add(container);
    entry.task = task;
    entry.isOver = false;
    task.exited.then(() => void (entry.isOver = true));
  }

  #hold(
    container: Container,
    runtime: Runtime | undefined,
    handles: WeakSet<Container> = new WeakSet(),
  ): Entry {
    const entry: Entry = {
      runtime,
      createdAt: container.createdAt?.getTime(),
      handles: handles.add(container),
      processes: new Map(),
      ended: new Map(),
    };
    this.#entries.set(container.id, entry);
    return entry;
  }

  /** Holds a process of a container. */
  addProcess(process: Process): void {
    const entry = this.#entries.get(process.containerId);
    entry?.processes.set(process.id, process);
    entry?.ended.delete(process.id);
  }

  /** Lets go of a process that has ended and keeps only how. */
  endProcess(process: Process, status: ExitStatus): void {
    const entry = this.#entries.get(process.containerId);
    if (entry?.processes.get(process.id) !== process) return;
    entry.processes.delete(process.id);
    entry.ended.set(process.id, { pid: process.pid, status });
    if (entry.ended.size <= ENDED_LIMIT) return;
    for (const oldest of entry.ended.keys()) return void entry.ended.delete(oldest);
  }

  /** How a process ended that was let go of, unless its task has made way for another one. */
  async endedProcess(
    id: string,
    processId: string,
    options: CallOptions,
  ): Promise<EndedProcess | undefined> {
    if (!this.#entries.get(id)?.ended.has(processId)) return undefined;
    await this.task(id, options);
    return this.#entries.get(id)?.ended.get(processId);
  }

  /** Lets go of a container, if this handle is one of those that are held. */
  removeContainer(container: Container): void {
    if (this.#entries.get(container.id)?.handles.has(container)) this.#entries.delete(container.id);
  }

  /** Lets go of a task and its processes, if this is the handle that is held. */
  removeTask(task: Task): void {
    const entry = this.#entries.get(task.containerId);
    if (entry?.task !== task) return;
    entry.task = undefined;
    entry.processes.clear();
    entry.ended.clear();
  }

  /** The container, from whichever runtime has it; `not_found` if none has. */
  async container(id: string, options: CallOptions): Promise<Container> {
    const entry = this.#entries.get(id);
    const before = entry?.runtime;
    const held = before && await this.#find(before, id, options);
    if (held) return held;
    for (const runtime of await this.#runtimes(options)) {
      const found = runtime === before ? undefined : await this.#find(runtime, id, options);
      if (found) return found;
    }
    // Unless it was made meanwhile.
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
    throw new ContainerError("not_found", `Cannot find container "${id}": no runtime has it`, {
      containerId: id,
    });
  }

  /** The container of one runtime; `not_found` if it has none. */
  async load(runtime: Runtime, id: string, options: CallOptions): Promise<Container> {
    const before = this.#entries.get(id);
    const container = await runtime.loadContainer(id, options);
    const entry = this.#entries.get(id);
    const isHeld = entry?.runtime === runtime &&
      entry.createdAt === container.createdAt?.getTime();
    if (isHeld) entry.handles.add(container);
    // What came to be held meanwhile is newer than this answer.
    else if (entry === before) this.addContainer(container, runtime);
    return container;
  }

  async #find(runtime: Runtime, id: string, options: CallOptions): Promise<Container | undefined> {
    try {
      return await this.load(runtime, id, options);
    } catch (error) {
      if (isContainerError(error, "not_found")) return undefined;
      throw error;
    }
  }

  /** The task of a container; `failed_precondition` if it has none. */
  async task(id: string, options: DeleteOptions): Promise<Task> {
    const held = this.#entries.get(id);
    const task = held?.task;
    if (task && !(held.isOver && await this.#isReplaced(task, options))) return task;
    const container = await this.container(id, options);
    try {
      const task = await container.task(options);
      this.addTask(container, task);
      return task;
    } catch (error) {
      if (!isContainerError(error, "not_found")) throw error;
      throw new ContainerError(
        "failed_precondition",
        `Cannot use task of container "${id}": not running`,
        { containerId: id, plugin: error.plugin, cause: error },
      );
    }
  }

  /** A process of a container; `not_found` if there is none with that id. */
  async process(id: string, processId: string, options: CallOptions): Promise<Process> {
    const task = await this.task(id, options);
    if (processId === INIT_PROCESS) return task;
    const held = this.#entries.get(id)?.processes.get(processId);
    if (held) return held;
    const process = await task.loadProcess(processId, options);
    this.addProcess(process);
    return process;
  }

  /** Whether somebody else has put another task, or another container, in place of one that ended. */
  async #isReplaced(task: Task, { signal }: CallOptions): Promise<boolean> {
    const id = task.containerId;
    try {
      const { state, pid } = await task.status({ signal });
      return state !== "stopped" || pid !== task.pid;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isContainerError(error, "not_found")) return false;
    }
    // Its record is removed, perhaps with the container. The handle still knows how it ended.
    try {
      await this.container(id, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (!isContainerError(error, "not_found")) return false;
    }
    return this.#entries.get(id)?.task !== task;
  }
}
