import type { ContainerEvent, CreateEvent, DeleteEvent, ExitEvent, StartEvent } from "./events.ts";
import type { ExecHistories } from "./exec-histories.ts";

/** How many tasks are remembered. */
const LIMIT = 4;

/** An earlier task of a container. */
export interface GoneTask {
  /** Process id of its first process. */
  readonly pid: number;
  /** When it was gone, in milliseconds; what begins with its process id and later is another task. */
  readonly at: number;
  /** Whether its start, or its end, was told. */
  readonly isStarted: boolean;
  /** Its further processes. */
  readonly execs: ExecHistories;
}

/** The earlier tasks of one container, for events of them that come late. */
export class GoneTasks {
  #tasks: readonly GoneTask[] = [];

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#tasks.length === 0;
  }

  /** The further processes of the last one. */
  get lastExecs(): ExecHistories | undefined {
    return this.#tasks[0]?.execs;
  }

  /** Takes one in; the oldest is forgotten. */
  add(task: GoneTask): void {
    this.#tasks = [task, ...this.#tasks].slice(0, LIMIT);
  }

  /** Notes that the start of one was told after all. */
  markStarted(pid: number): void {
    this.#tasks = this.#tasks.map((task) => task.pid === pid ? { ...task, isStarted: true } : task);
  }

  /** Whether a first process is of one of them. */
  has(pid: number): boolean {
    return this.#tasks.some((task) => task.pid === pid);
  }

  /** Whether the end of a first process was told. */
  hasEnded(pid: number): boolean {
    return this.#tasks.some((task) => task.pid === pid && task.isStarted);
  }

  /** Whether the end of a further process was told. */
  hasExecEnded(processId: string, pid: number): boolean {
    return this.#tasks.some(({ execs }) => execs.hasEnded(processId, pid));
  }

  /** Whether an event of a first process is of one of them. */
  isOfTask(event: CreateEvent | StartEvent | ExitEvent | DeleteEvent): boolean {
    const at = event.timestamp.getTime();
    // Another task of the same process id begins; it does not end first. Of a shim that was killed
    // containerd tells the end again, and later, when its container is removed.
    return this.#tasks.some((task) =>
      task.pid === event.pid &&
      (event.type === "create" || event.type === "start" ? at <= task.at : true)
    );
  }

  /** Whether an event of a further process is of one of them, while there is a task, or none. */
  isOfExec(event: ContainerEvent & { readonly processId: string }, isTask: boolean): boolean {
    const at = event.timestamp.getTime();
    return this.#tasks.some((task) => {
      const exec = task.execs.find(event.processId);
      if (exec === undefined) return !isTask && at <= task.at;
      // What starts after the task was gone is not of it, though pids are used again.
      if (isTask && event.type === "exec-started" && at > task.at) return false;
      return !isTask || exec.isPast(event);
    });
  }
}
