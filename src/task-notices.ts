import type { ContainerEvent } from "./events.ts";

/** How many are remembered. */
const LIMIT = 8;

/** The events of one task from which nothing follows, so that each is told once. */
export class TaskNotices {
  #seen: readonly string[] = [];
  #oom = false;
  #isForetold = false;

  /** Whether a process was killed for want of memory. */
  get oomKilled(): boolean {
    return this.#oom;
  }

  /** Whether an event did not come before. */
  isNew({ type, timestamp }: ContainerEvent): boolean {
    const name = `${type} ${timestamp.getTime()}`;
    if (this.#seen.includes(name)) return false;
    this.#seen = [name, ...this.#seen].slice(0, LIMIT);
    return true;
  }

  /** Whether a want of memory was not told before; what was foretold comes once more. */
  isOomNew(event: ContainerEvent): boolean {
    const isNew = this.isNew(event) && !this.#isForetold;
    this.#isForetold = false;
    if (isNew) this.#oom = true;
    return isNew;
  }

  /** Notes a want of memory of which the event is late or missing. Whether it was not told yet. */
  foretellOom(): boolean {
    if (this.#oom) return false;
    this.#oom = true;
    this.#isForetold = true;
    return true;
  }
}
