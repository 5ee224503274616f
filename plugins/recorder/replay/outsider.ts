import type { Process, Runtime, Task } from "../../../src/runtime.ts";
import type { StdioOptions } from "../../../src/stdio.ts";
import type { RecordedObject } from "../recording.ts";
import { processOf, requestOf } from "./perform.ts";

/** Whom an event, or a call, is about. */
export interface Whom {
  /** The container. */
  readonly containerId: string;
  /** The process; `init` is the first one. */
  readonly processId: string;
}

/** Does what others have done: who made containers before the recording, or beside it. */
export class Outsider {
  readonly #runtime: Runtime;
  readonly #args: (whom: Whom) => readonly string[];

  /**
   * @param runtime A connection of its own.
   * @param args What the processes run.
   */
  constructor(runtime: Runtime, args: (whom: Whom) => readonly string[]) {
    this.#runtime = runtime;
    this.#args = args;
  }

  /** Makes a container, if there is none. */
  async makeContainer(whom: Whom, given: RecordedObject = {}): Promise<void> {
    const { containerId } = whom;
    const found = await this.#runtime.loadContainer(containerId).catch(() => undefined);
    if (found) return;
    const args = this.#args({ containerId, processId: "init" });
    await this.#runtime.createContainer(requestOf(containerId, given, args));
  }

  /** Makes the task of a container, or a further process in it. */
  async add(whom: Whom, stdio: StdioOptions = {}): Promise<void> {
    await this.makeContainer(whom);
    if (whom.processId === "init") {
      await (await this.#runtime.loadContainer(whom.containerId)).newTask({ stdio });
      return;
    }
    const task = await this.#task(whom);
    await task.exec(whom.processId, processOf(undefined, this.#args(whom)), { stdio });
  }

  /** Starts a process. */
  async start(whom: Whom): Promise<void> {
    await (await this.#process(whom)).start();
  }

  /** Removes the record of a process; with that of the first one goes the task. */
  async delete(whom: Whom): Promise<void> {
    await (await this.#process(whom)).delete();
  }

  /** Freezes, or thaws, a container. */
  async freeze(whom: Whom, change: "pause" | "resume"): Promise<void> {
    await (await this.#task(whom))[change]?.();
  }

  async #task({ containerId }: Whom): Promise<Task> {
    return await (await this.#runtime.loadContainer(containerId)).task();
  }

  async #process(whom: Whom): Promise<Process> {
    const task = await this.#task(whom);
    return whom.processId === "init" ? task : await task.loadProcess(whom.processId);
  }
}
