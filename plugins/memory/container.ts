import { checkCall } from "../../src/check-options.ts";
import { validateChanges } from "../../src/create-request.ts";
import { inspectable } from "../../src/inspectable.ts";
import {
  type CallOptions,
  type Container,
  type ContainerChanges,
  type ContainerInfo,
  type FindTaskOptions,
  INIT_PROCESS,
  type NewTaskOptions,
} from "../../src/runtime.ts";
import type { Connection } from "./connection.ts";
import type { HostContainer } from "./host-container.ts";
import { attachStreams, newStreams } from "./process-streams.ts";
import { aboutContainer, errorOf, Refusal, type Subject } from "./refusal.ts";
import { checkFolder, MemoryTask } from "./task.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { SIGKILL } from "./signal-handlers.ts";

/** A container on a machine that is made of memory. */
export class MemoryContainer implements Container {
  /** Its id. */
  readonly id: string;
  /** When it was made. */
  readonly createdAt: Date;
  readonly #connection: Connection;
  readonly #container: HostContainer;

  static {
    inspectable(this, "Container", ({ id }) => ({ id }));
  }

  /** @param container It, as its machine has it. */
  constructor(connection: Connection, container: HostContainer) {
    this.id = container.id;
    this.createdAt = container.createdAt;
    this.#connection = connection;
    this.#container = container;
  }

  /** Reads its record. */
  async info(options: CallOptions = {}): Promise<ContainerInfo> {
    checkCall(options);
    return await this.#connection.link.call(
      this.#about("info", "find"),
      (daemon) => daemon.container(this.id).info(),
      options,
    );
  }

  /** Changes labels and extensions of its record. */
  async update(changes: ContainerChanges, options: CallOptions = {}): Promise<ContainerInfo> {
    checkCall(options);
    validateChanges(changes);
    return await this.#connection.link.call(
      this.#about("update", "update"),
      (daemon) => daemon.update(this.id, changes).info(),
      options,
    );
  }

  /** Makes the task. */
  async newTask(options: NewTaskOptions = {}): Promise<MemoryTask> {
    checkCall(options);
    const { link, host } = this.#connection;
    const { signal, checkpointDir } = options;
    const subject = this.#about("newTask", "create task of");
    const { spec: { process: wanted, linux, windows } } = this.#container.request;
    const checkpoint = await this.#checkpoint(checkpointDir, { signal });
    const spec = checkpoint?.process ?? wanted ?? { cwd: "/", args: [] };
    const ref = { containerId: this.id, processId: INIT_PROCESS };
    const terminal = spec.terminal ?? false;
    const { host: stdio, attach } = await newStreams(this.#connection, {
      ...options,
      ref,
      terminal,
    });
    const { init } = await link.call(subject, (daemon) =>
      daemon.createTask({
        containerId: this.id,
        spec,
        stdio,
        resources: linux?.resources ?? windows?.resources,
        limits: checkpoint?.limits,
        restored: checkpoint?.state,
      }), {
      signal,
      undo: () => {
        host.daemon.process(ref).signal(SIGKILL);
        host.daemon.removeProcess(ref);
      },
    }).catch((error: unknown) => {
      attach().close();
      throw error;
    });
    return new MemoryTask(this.#connection, {
      containerId: this.id,
      pid: init.pid,
      streams: attach(),
    });
  }

  /** Finds the task. */
  async task(options: FindTaskOptions = {}): Promise<MemoryTask> {
    checkCall(options);
    const { init } = await this.#connection.link.call(
      this.#about("task", "find task of"),
      (daemon) => daemon.task(this.id),
      options,
    );
    const streams = attachStreams(this.#connection, init, options);
    return new MemoryTask(this.#connection, { containerId: this.id, pid: init.pid, streams });
  }

  /** Removes the container. */
  async delete(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    await this.#connection.link.call(
      this.#about("deleteContainer", "delete"),
      (daemon) => daemon.remove(this.id),
      options,
    );
  }

  #about(method: Subject["method"], verb: string): Subject {
    return aboutContainer(method, verb, this.id);
  }

  async #checkpoint(
    directory: string | undefined,
    { signal }: CallOptions,
  ): Promise<Checkpoint | undefined> {
    if (directory === undefined) return undefined;
    signal?.throwIfAborted();
    checkFolder(directory, "checkpointDir");
    try {
      return await this.#connection.host.checkpoints.read(directory);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw errorOf(this.#about("newTask", "restore"), this.#connection.link.plugin, error);
    }
  }
}
