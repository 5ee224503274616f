import type { ContainerChanges, CreateRequest } from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { HostContainer } from "./host-container.ts";
import type { HostExit, HostProcess } from "./host-process.ts";
import { HostTask, type HostTaskInit } from "./host-task.ts";
import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { SIGKILL } from "./signal-handlers.ts";

/** Of how many ids it is known when their last container was made. */
const REMEMBERED_IDS = 4096;

/** Keeps the containers of one machine. Whatever it does is done at once, or refused. */
export class Daemon {
  /** What the containers share. */
  readonly machine: Machine;
  readonly #containers = new Map<string, HostContainer>();
  readonly #lastMade = new Map<string, number>();

  /** @param machine What the containers share. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** All containers. */
  get containers(): readonly HostContainer[] {
    return [...this.#containers.values()];
  }

  /** The tasks of all containers. */
  get tasks(): readonly HostTask[] {
    return this.containers.flatMap(({ task }) => task ?? []);
  }

  /** Makes a container. */
  create(request: CreateRequest): HostContainer {
    const { id } = request;
    if (this.#containers.has(id)) {
      if (!request.replace) throw new Refusal("conflict", "id already in use");
      this.#end(id);
      this.#containers.delete(id);
    }
    const container = new HostContainer(request, this.#stampFor(id));
    this.#containers.set(id, container);
    return container;
  }

  /** A container; `not_found` if there is none. */
  container(id: string): HostContainer {
    const found = this.#containers.get(id);
    if (found) return found;
    throw new Refusal("not_found", "no such container");
  }

  /** Changes the record of a container. */
  update(id: string, changes: ContainerChanges): HostContainer {
    const container = this.container(id);
    container.update(changes, new Date(this.machine.clock.now()));
    return container;
  }

  /** Removes a container. */
  remove(id: string): void {
    if (this.container(id).task) throw new Refusal("failed_precondition", "it has a task");
    this.#containers.delete(id);
  }

  /** Makes the task of a container. */
  createTask(init: HostTaskInit): HostTask {
    const container = this.container(init.containerId);
    if (container.task) throw new Refusal("already_exists", "it has a task");
    return container.task = new HostTask(this.machine, init);
  }

  /** The task of a container; `not_found` if it has none. */
  task(id: string): HostTask {
    const { task } = this.container(id);
    if (task) return task;
    throw new Refusal("not_found", "no task");
  }

  /** A process of a container; `not_found` if there is none. */
  process(ids: { readonly containerId: string; readonly processId: string }): HostProcess {
    return this.task(ids.containerId).process(ids.processId);
  }

  /** Removes a process that has ended, or was never started, and tells how it ended. */
  removeProcess(ids: { readonly containerId: string; readonly processId: string }): HostExit {
    const { containerId, processId } = ids;
    const task = this.task(containerId);
    if (processId !== INIT_PROCESS) {
      return endOf(task.deleteExec(processId));
    }
    task.deleted();
    this.container(containerId).task = undefined;
    return endOf(task.init);
  }

  /** Ends the processes of a container with whoever watches over them. */
  lose(id: string): void {
    const task = this.task(id);
    this.container(id).task = undefined;
    task.lose();
  }

  /** Forgets the tasks that have ended, and tells nobody. */
  forgetEnded(): void {
    for (const container of this.containers) {
      if (!container.task?.init.exit) continue;
      container.task.vanish();
      container.task = undefined;
    }
  }

  /** Ends and forgets everything. */
  clear(): void {
    for (const { task } of this.containers) task?.vanish();
    this.#containers.clear();
    this.#lastMade.clear();
  }

  #end(id: string): void {
    const { task } = this.container(id);
    if (!task) return;
    task.init.end(128 + SIGKILL);
    this.removeProcess({ containerId: id, processId: INIT_PROCESS });
  }

  /** Later than that of the last one of its id: clients tell one from the other by it. */
  #stampFor(id: string): Date {
    const stamp = Math.max(this.machine.clock.now(), (this.#lastMade.get(id) ?? 0) + 1);
    this.#lastMade.delete(id);
    this.#lastMade.set(id, stamp);
    if (this.#lastMade.size > REMEMBERED_IDS) {
      for (const oldest of this.#lastMade.keys()) {
        this.#lastMade.delete(oldest);
        break;
      }
    }
    return new Date(stamp);
  }
}

function endOf({ exit }: HostProcess): HostExit {
  if (exit) return exit;
  throw new Refusal("internal", "removed without an end");
}
