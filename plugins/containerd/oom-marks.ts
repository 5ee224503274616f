import type { ContainerEvent } from "../../src/events.ts";

/** Remembers which containers ran out of memory, for the exits that follow. */
export class OomMarks {
  readonly #containers = new Set<string>();

  /** Notes an event; gives it back, an exit with what is known of its cause. */
  apply(event: ContainerEvent): ContainerEvent {
    const { containerId } = event;
    if (event.type === "oom") this.#containers.add(containerId);
    if (event.type === "delete" && event.processId === "init") this.#containers.delete(containerId);
    if (event.type !== "exit" || event.status.state !== "exited") return event;
    if (!this.#containers.has(containerId)) return event;
    return { ...event, status: { ...event.status, oomKilled: true } };
  }
}
