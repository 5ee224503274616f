import type { ContainerInfo, ProcessSpec, StdioCallOptions } from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { HostChild } from "./host-child.ts";
import { hostError } from "./host-error.ts";
import { about, type HostEvents } from "./host-events.ts";

/** One container, as all clients of this program see it. */
export class HostRecord {
  readonly events: HostEvents;
  readonly processes: Map<string, HostChild> = new Map();
  info: ContainerInfo;

  constructor(info: ContainerInfo, events: HostEvents) {
    this.info = info;
    this.events = events;
  }

  /** The first process, if there is one. */
  get first(): HostChild | undefined {
    return this.processes.get(INIT_PROCESS);
  }

  /** Makes a process; nothing runs yet. */
  add(processId: string, spec: ProcessSpec, options: StdioCallOptions): HostChild {
    const ids = { containerId: this.info.id, processId };
    if (this.processes.has(processId)) {
      const message = `Cannot make process "${processId}": its id is in use`;
      throw hostError("already_exists", message, ids);
    }
    const child = new HostChild(ids, spec, options);
    this.processes.set(processId, child);
    this.events.emit(
      processId === INIT_PROCESS
        ? { ...about(ids.containerId), type: "create", pid: 0 }
        : { ...about(ids.containerId), type: "exec-added", processId },
    );
    return child;
  }

  /** Starts a process, and tells of its end when it comes. */
  async start(child: HostChild): Promise<void> {
    const { processId, containerId } = child.ids;
    await child.start();
    const { pid } = child;
    this.events.emit(
      processId === INIT_PROCESS
        ? { ...about(containerId), type: "start", pid }
        : { ...about(containerId), type: "exec-started", processId, pid },
    );
    child.ended.then((status) => {
      this.events.emit({ ...about(containerId), type: "exit", processId, pid, status });
      // As in a container: without its first process there are no others.
      if (processId === INIT_PROCESS) this.#killAll();
    });
  }

  /** Removes a process that has ended or was never started. */
  remove(child: HostChild): void {
    const { processId, containerId } = child.ids;
    if (this.processes.get(processId) !== child) return;
    this.processes.delete(processId);
    this.events.emit({ ...about(containerId), type: "delete", processId, pid: child.pid });
  }

  #killAll(): void {
    for (const child of this.processes.values()) child.kill();
  }
}
