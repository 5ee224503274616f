import { abortable } from "./abort.ts";
import { checkOptions } from "./check-options.ts";
import type { Cleanups } from "./cleanups.ts";
import { isContainerError } from "./errors.ts";
import type { EndedProcess, Handles } from "./handles.ts";
import { validateContainerId, validateProcessId } from "./identifiers.ts";
import {
  type CallOptions,
  type Container,
  type DeleteOptions,
  INIT_PROCESS,
  type Process,
  type Runtime,
  type Task,
} from "./runtime.ts";
import type { RuntimePool } from "./runtime-pool.ts";

/** Finds what the ids of a client's calls name, once the ids are checked. */
export class Targets {
  readonly #pool: RuntimePool;
  readonly #handles: Handles;
  readonly #cleanups: Cleanups;

  /** @param cleanups What earlier, aborted calls still undo; it is waited for. */
  constructor(pool: RuntimePool, handles: Handles, cleanups: Cleanups) {
    this.#pool = pool;
    this.#handles = handles;
    this.#cleanups = cleanups;
  }

  /** The runtime of a shim, without one the default runtime. */
  runtime(shim: string | undefined, { signal }: CallOptions): Promise<Runtime> {
    return shim === undefined ? this.#pool.default(signal) : this.#pool.forShim(shim, signal);
  }

  /** A container, when what earlier calls undo of it is undone. */
  async container(id: string, { signal }: CallOptions): Promise<Container> {
    validateContainerId(id);
    await this.settled(id, signal);
    return await this.#handles.container(id, { signal });
  }

  /** Waits for what earlier, aborted calls on a container still undo. */
  async settled(id: string, signal: AbortSignal | undefined): Promise<void> {
    await abortable(this.#cleanups.settled(id), signal);
  }

  /** The task of a container. */
  task(id: string, { signal, force }: DeleteOptions): Promise<Task> {
    validateContainerId(id);
    return this.#handles.task(id, { signal, force });
  }

  /** A process of a container. */
  process(id: string, processId: string, { signal }: CallOptions): Promise<Process> {
    validateContainerId(id);
    validateProcessId(processId);
    return this.#handles.process(id, processId, { signal });
  }

  /**
   * Asks a process, by default the first one; what is known of a further one that has ended, and is
   * removed, answers for it.
   */
  async ask<T>(
    id: string,
    processId: string = INIT_PROCESS,
    options: CallOptions,
    ask: (process: Process) => Promise<T>,
    known: (ended: EndedProcess) => T,
  ): Promise<T> {
    checkOptions(options);
    const ended = () => this.#handles.endedProcess(id, processId, options);
    const before = await ended();
    if (before) return known(before);
    try {
      return await ask(await this.process(id, processId, options));
    } catch (error) {
      // It may have ended, and its record been removed, while it was looked for.
      options.signal?.throwIfAborted();
      const meanwhile = isContainerError(error, "not_found") ? await ended() : undefined;
      if (meanwhile) return known(meanwhile);
      throw error;
    }
  }
}
