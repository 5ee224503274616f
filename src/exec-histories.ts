import type { ProcessNote, ProcessState } from "./event-source.ts";
import type { ContainerEvent } from "./events.ts";
import { ExecHistory } from "./exec-history.ts";

/** How many ended ones are remembered beside those that run, for events of them that come late. */
const ENDED_LIMIT = 256;

/** What is told of the further processes of one task. */
export class ExecHistories {
  readonly #containerId: string;
  /** The least recently asked for first. */
  readonly #execs = new Map<string, ExecHistory>();

  /** @param containerId The container of the task. */
  constructor(containerId: string) {
    this.#containerId = containerId;
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
      new ExecHistory({ containerId: this.#containerId, processId });
    this.#execs.delete(processId);
    this.#execs.set(processId, exec);
    this.#forgetBut(processId);
    return exec;
  }

  /** Whether the end of one was told. */
  hasEnded(processId: string, pid: number): boolean {
    const exec = this.#execs.get(processId);
    return exec !== undefined && !exec.isOpen && exec.pid === pid;
  }

  /** Takes those out that run as a runtime says, by their ids. */
  split(states: ReadonlyMap<string, ProcessState | undefined>): ExecHistories {
    const taken = new ExecHistories(this.#containerId);
    for (const [processId, exec] of [...this.#execs]) {
      if (exec.pid === 0 || states.get(processId)?.pid !== exec.pid) continue;
      this.#execs.delete(processId);
      taken.#execs.set(processId, exec);
    }
    return taken;
  }

  /** The ends of those whose start was told, as all of them are gone. */
  lose(noteOf: (processId: string, pid: number) => ProcessNote | undefined): ContainerEvent[] {
    return [...this.#execs].flatMap(([processId, exec]) =>
      exec.lose(noteOf(processId, exec.pid)?.status)
    );
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
