import type { ProcessState } from "./event-source.ts";
import type { ContainerEvent } from "./events.ts";
import { ExecHistory, type KnownExit } from "./exec-history.ts";

/** How many ended ones are remembered beside those that run, for events of them that come late. */
const ENDED_LIMIT = 256;

/** How many are remembered of a task that is gone. */
const GONE_LIMIT = 16;

/** What is told of the further processes of one task. */
export class ExecHistories {
  readonly #containerId: string;
  readonly #knownExit: KnownExit;
  /** The least recently asked for first. */
  readonly #execs = new Map<string, ExecHistory>();

  /**
   * @param containerId The container of the task.
   * @param knownExit What handles know of ends.
   */
  constructor(containerId: string, knownExit: KnownExit) {
    this.#containerId = containerId;
    this.#knownExit = knownExit;
  }

  /** Whether nothing was told of any. */
  get isEmpty(): boolean {
    return this.#execs.size === 0;
  }

  /** Those whose end was not told. */
  get open(): readonly string[] {
    return [...this.#execs].filter(([, exec]) => exec.isOpen).map(([id]) => id);
  }

  /** Those whose start was told and whose end was not. */
  get running(): readonly string[] {
    return [...this.#execs].filter(([, exec]) => exec.isRunning).map(([id]) => id);
  }

  /** What was told of one; `undefined` if that is nothing, or was forgotten. */
  find(processId: string): ExecHistory | undefined {
    return this.#execs.get(processId);
  }

  /** What is told of one, from now on if that is nothing yet. */
  of(processId: string): ExecHistory {
    const exec = this.#execs.get(processId) ??
      new ExecHistory({ containerId: this.#containerId, processId }, this.#knownExit);
    this.#execs.delete(processId);
    this.#execs.set(processId, exec);
    this.#forgetBut(processId);
    return exec;
  }

  /** Whether the end of one was told. */
  hasEnded(processId: string, pid: number): boolean {
    return this.#execs.get(processId)?.hasEnded(pid) ?? false;
  }

  /** Takes those out that run as a runtime says, by their ids. */
  split(states: ReadonlyMap<string, ProcessState | undefined>): ExecHistories {
    const taken = new ExecHistories(this.#containerId, this.#knownExit);
    for (const [processId, exec] of [...this.#execs]) {
      if (exec.pid === 0 || states.get(processId)?.pid !== exec.pid) continue;
      this.#execs.delete(processId);
      taken.#execs.set(processId, exec);
    }
    return taken;
  }

  /** The ends of those whose start was told, as all of them are gone. */
  lose(): ContainerEvent[] {
    return [...this.#execs.values()].flatMap((exec) => exec.lose());
  }

  /** Forgets all but a few, of a task that is gone. */
  trim(): void {
    for (const processId of this.#execs.keys()) {
      if (this.#execs.size <= GONE_LIMIT) return;
      this.#execs.delete(processId);
    }
  }

  #forgetBut(asked: string): void {
    if (this.#execs.size <= ENDED_LIMIT) return;
    for (const [processId, exec] of this.#execs) {
      if (exec.isOpen || processId === asked) continue;
      this.#execs.delete(processId);
      return;
    }
  }
}
