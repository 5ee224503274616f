import { ContainerHistory } from "./container-history.ts";
import type { TaskState } from "./event-source.ts";
import type { ProcessNotes } from "./process-notes.ts";

/** How many containers without a task are remembered, for events of them that come late. */
const GONE_LIMIT = 4096;

/** What a stream has told of each container. */
export class EventLedger {
  readonly #notes: ProcessNotes;
  readonly #histories = new Map<string, ContainerHistory>();
  readonly #gone = new Set<string>();

  /** @param notes What the runtime's own handles know and was not told yet. */
  constructor(notes: ProcessNotes) {
    this.#notes = notes;
  }

  /** How many containers are remembered. */
  get size(): number {
    return this.#histories.size;
  }

  /** What was told of a container, if that is remembered. */
  find(containerId: string): ContainerHistory | undefined {
    return this.#histories.get(containerId);
  }

  /** What was told of a container, which is remembered from now on. */
  of(containerId: string): ContainerHistory {
    let history = this.#histories.get(containerId);
    if (history === undefined) {
      history = new ContainerHistory(containerId, () => this.#notes.of(containerId));
      this.#histories.set(containerId, history);
    }
    return history;
  }

  /** Forgets the oldest of the containers without a task. To be called when something was told. */
  settle(containerId: string): void {
    this.#gone.delete(containerId);
    if (this.of(containerId).state !== "none") return;
    this.#gone.add(containerId);
    if (this.#gone.size <= GONE_LIMIT) return;
    for (const oldest of this.#gone) {
      this.#gone.delete(oldest);
      this.#histories.delete(oldest);
      return;
    }
  }

  /** Takes in the tasks that were there before the subscription. */
  adopt(tasks: readonly TaskState[]): void {
    for (const task of tasks) this.of(task.containerId).adopt(task);
  }

  /** The containers of which a runtime says something else than what was told. */
  differences(tasks: readonly TaskState[]): readonly string[] {
    const differing = new Set<string>();
    const listed = new Set<string>();
    for (const { containerId, pid, state } of tasks) {
      listed.add(containerId);
      const history = this.of(containerId);
      if (history.pid !== pid || history.state !== state) differing.add(containerId);
      if (history.openExecs.length > 0) differing.add(containerId);
    }
    for (const [containerId, { state }] of this.#histories) {
      if (state !== "none" && !listed.has(containerId)) differing.add(containerId);
    }
    return [...differing];
  }
}
