import type { ProcessState, TaskState } from "./event-source.ts";
import type {
  ContainerEvent,
  CreateEvent,
  DeleteEvent,
  ExitEvent,
  StartEvent,
  StateEvent,
} from "./events.ts";
import { ExecHistory } from "./exec-history.ts";
import type { ExitStatus } from "./exit-status.ts";
import {
  createEvent,
  deleteEvent,
  exitEvent,
  oomEvent,
  startEvent,
  stateEvent,
} from "./reconciled-events.ts";
import { INIT_PROCESS } from "./runtime.ts";

/** How a process ended, from what the runtime's own handles know. */
export type KnownExit = (processId: string, pid: number) => ExitStatus | undefined;

/** What the last task of a container was, for events of it that come late. */
interface GoneTask {
  readonly pid: number;
  readonly execs: ReadonlyMap<string, ExecHistory>;
}

/**
 * What is told of one container. It takes events as a wire brings them, perhaps twice, late or not
 * at all, and gives what is to be told of them: each process is started once and ends once, in this
 * order, and what was missed comes before what follows from it.
 */
export class ContainerHistory {
  readonly #id: string;
  readonly #knownExit: KnownExit;
  #state: "none" | "created" | "running" | "paused" | "stopped" = "none";
  #pid = 0;
  #execs = new Map<string, ExecHistory>();
  #gone: GoneTask | undefined;
  #stateAt = 0;
  #seen: Partial<Record<ContainerEvent["type"], number>> = {};
  #oom = false;
  #foretoldOom = false;

  /** @param id The container. */
  constructor(id: string, knownExit: KnownExit) {
    this.#id = id;
    this.#knownExit = knownExit;
  }

  /** State of its task; `none` without one. */
  get state(): "none" | "created" | "running" | "paused" | "stopped" {
    return this.#state;
  }

  /** Process id of its first process; 0 without a task. */
  get pid(): number {
    return this.#pid;
  }

  /** Whether a process of its task was killed for want of memory. */
  get oomKilled(): boolean {
    return this.#oom;
  }

  /** The further processes whose end was not told. */
  get openExecs(): readonly string[] {
    return [...this.#execs].filter(([, exec]) => exec.isOpen).map(([id]) => id);
  }

  /** The further processes whose start was told and whose end was not. */
  get runningExecs(): readonly string[] {
    return [...this.#execs].filter(([, exec]) => exec.isRunning).map(([id]) => id);
  }

  /** Whether the start of a process was told. */
  hasStarted(processId: string, pid: number): boolean {
    if (this.hasEnded(processId, pid)) return true;
    if (processId !== INIT_PROCESS) return this.#execs.get(processId)?.hasStarted(pid) ?? false;
    return this.#pid === pid && this.#isAlive && this.#state !== "created";
  }

  /** Whether the end of a process was told. */
  hasEnded(processId: string, pid: number): boolean {
    if (processId === INIT_PROCESS) {
      return this.#isGone(pid) || (this.#state === "stopped" && this.#pid === pid);
    }
    return [this.#execs.get(processId), this.#gone?.execs.get(processId)]
      .some((exec) => exec !== undefined && !exec.isOpen && exec.pid === pid);
  }

  /** Takes in a task that was there before the subscription, of which nothing is told. */
  adopt(task: TaskState): void {
    if (this.#state !== "none" || task.pid === this.#gone?.pid) return;
    this.#pid = task.pid;
    this.#state = task.state;
  }

  /** Whether what comes before an event was not told yet and may still be on its way. */
  awaits(event: ContainerEvent): boolean {
    switch (event.type) {
      case "create":
        return this.#state !== "none" && event.pid !== this.#pid && !this.#isGone(event.pid);
      case "start":
        return !this.#isMine(event.pid) && !this.#isGone(event.pid);
      case "paused":
      case "resumed":
        return this.#state === (event.type === "paused" ? "paused" : "running") &&
          !this.#isOld(event);
      case "exit":
        if (event.processId !== INIT_PROCESS) return this.#awaitsOfExec(event.processId, event);
        if (this.#isMine(event.pid)) return this.#state === "created";
        return !this.#isGone(event.pid);
      case "delete":
        if (event.processId !== INIT_PROCESS) return this.#awaitsOfExec(event.processId, event);
        return this.#isMine(event.pid) && (this.#isAlive || this.runningExecs.length > 0);
      case "exec-added":
      case "exec-started":
        return this.#awaitsOfExec(event.processId, event);
      default:
        return false;
    }
  }

  /**
   * Takes an event.
   *
   * @param exit How the process ended, where a deletion tells that.
   * @returns What is to be told.
   */
  apply(event: ContainerEvent, exit?: ExitStatus): readonly ContainerEvent[] {
    switch (event.type) {
      case "create":
        return this.#created(event);
      case "start":
        return this.#started(event);
      case "paused":
      case "resumed":
        return this.#changed(event);
      case "exit":
        return this.#ended(event);
      case "delete":
        return this.#deleted(event, exit);
      case "exec-added":
        return this.#isOfGone(event) ? [] : this.#exec(event.processId).added(event);
      case "exec-started":
        return this.#isOfGone(event) ? [] : this.#exec(event.processId).started(event);
      case "oom":
        if (this.#isSeen(event) || this.#foretoldOom) return this.#forget();
        this.#oom = true;
        return [event];
      case "checkpointed":
        return this.#isSeen(event) ? [] : [event];
    }
  }

  /** Notes that a process was killed for want of memory, of which the event is late or missing. */
  foretellOom(): readonly ContainerEvent[] {
    if (this.#oom) return [];
    this.#oom = true;
    this.#foretoldOom = true;
    return [oomEvent(this.#id)];
  }

  /** What is to be told where the runtime, when asked, says something else. */
  settle(
    task: TaskState | undefined,
    execs: ReadonlyMap<string, ProcessState | undefined> = new Map(),
  ): readonly ContainerEvent[] {
    if (task !== undefined && this.#isGone(task.pid)) return [];
    if (task === undefined) return this.#finish();
    const told: ContainerEvent[] = [];
    if (!this.#isMine(task.pid)) {
      told.push(...this.#finish(), ...this.#begin(task.pid));
    }
    if (this.#state === "created" && task.state !== "created") told.push(...this.#run(task.pid));
    if (this.#isAlive && this.#state !== "created") told.push(...this.#settleState(task));
    for (const [processId, state] of execs) told.push(...this.settleExec(processId, state));
    return told;
  }

  /** As {@linkcode ContainerHistory.settle}, for a further process. */
  settleExec(processId: string, state: ProcessState | undefined): readonly ContainerEvent[] {
    const exec = this.#exec(processId);
    return exec.settle(state, this.#knownExit(processId, exec.pid));
  }

  #settleState(task: TaskState): readonly ContainerEvent[] {
    if (task.state === "stopped") {
      this.#state = "stopped";
      return [this.#exit(task.exit)];
    }
    if (task.state === this.#state || task.state === "created") return [];
    this.#state = task.state;
    this.#stateAt = Date.now();
    return [stateEvent(this.#id, task.state === "paused" ? "paused" : "resumed")];
  }

  #created(event: CreateEvent): readonly ContainerEvent[] {
    if (this.#isGone(event.pid)) return [];
    if (this.#state !== "none" && event.pid === this.#pid) return [];
    const before = this.#finish();
    this.#begin(event.pid);
    return [...before, event];
  }

  #started(event: StartEvent): readonly ContainerEvent[] {
    if (this.#isGone(event.pid)) return [];
    if (this.#isMine(event.pid)) {
      if (this.#state !== "created") return [];
      this.#run(event.pid);
      return [event];
    }
    const before = [...this.#finish(), ...this.#begin(event.pid)];
    this.#run(event.pid);
    return [...before, event];
  }

  #changed(event: StateEvent): readonly ContainerEvent[] {
    if (this.#state === "stopped" || this.#isOld(event)) return [];
    const state = event.type === "paused" ? "paused" : "running";
    this.#stateAt = event.timestamp.getTime();
    if (state === this.#state) return [];
    if (this.#state !== "none") this.#state = state;
    return [event];
  }

  #ended(event: ExitEvent): readonly ContainerEvent[] {
    const { processId, pid } = event;
    if (processId !== INIT_PROCESS) {
      const gone = this.#gone?.execs.get(processId);
      if (gone !== undefined && gone.pid === pid) return [];
      // Nothing is known of a container that has no task.
      return this.#state === "none" ? [event] : this.#exec(processId).ended(event);
    }
    if (this.#isGone(pid)) return [];
    if (this.#isMine(pid)) {
      if (this.#state === "stopped") return [];
      this.#state = "stopped";
      return [event];
    }
    const before = [...this.#finish(), ...this.#begin(pid), ...this.#run(pid)];
    this.#state = "stopped";
    return [...before, event];
  }

  #deleted(event: DeleteEvent, exit: ExitStatus | undefined): readonly ContainerEvent[] {
    const { processId } = event;
    if (processId !== INIT_PROCESS) {
      return this.#state === "none" ? [] : this.#exec(processId).deleted(event, exit);
    }
    if (this.#state === "none") {
      if (this.#gone !== undefined) return [];
      this.#gone = { pid: event.pid, execs: new Map() };
      return [event];
    }
    if (!this.#isMine(event.pid)) return [];
    return [...this.#finish(exit).slice(0, -1), event];
  }

  /** Ends the task, of which only the disappearance was noticed: its processes, then itself. */
  #finish(exit?: ExitStatus): readonly ContainerEvent[] {
    if (this.#state === "none") return [];
    const told: ContainerEvent[] = [];
    for (const [processId, exec] of this.#execs) {
      told.push(...exec.lose(this.#knownExit(processId, exec.pid)));
    }
    if (this.#isAlive && this.#state !== "created") told.push(this.#exit(exit));
    told.push(deleteEvent({ containerId: this.#id, processId: INIT_PROCESS }, this.#pid));
    this.#gone = { pid: this.#pid, execs: this.#execs };
    this.#state = "none";
    this.#pid = 0;
    this.#execs = new Map();
    return told;
  }

  #begin(pid: number): readonly ContainerEvent[] {
    this.#state = "created";
    this.#pid = pid;
    this.#stateAt = 0;
    this.#seen = {};
    this.#oom = false;
    this.#foretoldOom = false;
    return [createEvent(this.#id, pid)];
  }

  #run(pid: number): readonly ContainerEvent[] {
    this.#state = "running";
    this.#pid = pid;
    return [startEvent(this.#id, pid)];
  }

  #exit(exit: ExitStatus | undefined): ExitEvent {
    const ref = { containerId: this.#id, processId: INIT_PROCESS };
    return exitEvent(ref, this.#pid, this.#knownExit(INIT_PROCESS, this.#pid) ?? exit);
  }

  #exec(processId: string): ExecHistory {
    let exec = this.#execs.get(processId);
    if (exec === undefined) {
      exec = new ExecHistory({ containerId: this.#id, processId });
      this.#execs.set(processId, exec);
    }
    return exec;
  }

  #awaitsOfExec(processId: string, event: ContainerEvent): boolean {
    const exec = this.#execs.get(processId);
    if (exec !== undefined) return exec.awaits(event);
    const isLater = event.type === "exec-started" || event.type === "exit";
    return isLater && this.#state !== "none";
  }

  get #isAlive(): boolean {
    return this.#state === "created" || this.#state === "running" || this.#state === "paused";
  }

  /** Whether a pid is the one of the task; the first process of a checkpoint has none at first. */
  #isMine(pid: number): boolean {
    return this.#state !== "none" && (pid === this.#pid || pid === 0 || this.#pid === 0);
  }

  /** Whether a pid is the one of the task before this one. */
  #isGone(pid: number): boolean {
    return this.#gone?.pid === pid && this.#pid !== pid;
  }

  #isOfGone(event: ContainerEvent): boolean {
    if (this.#state !== "none" || !("processId" in event)) return false;
    return this.#gone?.execs.has(event.processId) ?? false;
  }

  #isOld({ timestamp }: StateEvent): boolean {
    return timestamp.getTime() < this.#stateAt;
  }

  #forget(): readonly ContainerEvent[] {
    this.#foretoldOom = false;
    return [];
  }

  #isSeen({ type, timestamp }: ContainerEvent): boolean {
    const at = timestamp.getTime();
    if (this.#seen[type] === at) return true;
    this.#seen[type] = at;
    return false;
  }
}
