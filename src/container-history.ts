import type { ProcessNote, ProcessState, TaskState } from "./event-source.ts";
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

/** 128 + SIGKILL, the only signal that a process gets that was never started. */
const KILLED = 137;

/** What the runtime's own handles know of the processes of a container. */
export type KnownProcesses = () => readonly ProcessNote[];

/** How many of the earlier tasks of a container are remembered. */
const GONE_LIMIT = 4;

/** How many events without a consequence are remembered. */
const SEEN_LIMIT = 8;

/** An earlier task of a container, for events of it that come late. */
interface GoneTask {
  readonly pid: number;
  /** When it was gone, in milliseconds; what is of its process id and later is of another task. */
  readonly at: number;
  /** Whether its start, or its end, was told. */
  readonly isStarted: boolean;
  readonly execs: Map<string, ExecHistory>;
}

/**
 * What is told of one container. It takes events as a wire brings them, perhaps twice, late or not
 * at all, and gives what is to be told of them: each process is started once and ends once, in this
 * order, and what was missed comes before what follows from it.
 */
export class ContainerHistory {
  readonly #id: string;
  readonly #known: KnownProcesses;
  #state: "none" | "created" | "running" | "paused" | "stopped" = "none";
  #pid = 0;
  #execs = new Map<string, ExecHistory>();
  #gone: readonly GoneTask[] = [];
  #stateAt = 0;
  #seen: readonly string[] = [];
  #isStarted = false;
  #oom = false;
  #foretoldOom = false;

  /** @param id The container. */
  constructor(id: string, known: KnownProcesses) {
    this.#id = id;
    this.#known = known;
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
      return (this.#state === "stopped" && this.#pid === pid) ||
        (this.#pid !== pid && this.#gone.some((task) => task.pid === pid && task.isStarted));
    }
    return [this.#execs, ...this.#gone.map(({ execs }) => execs)]
      .map((execs) => execs.get(processId))
      .some((exec) => exec !== undefined && !exec.isOpen && exec.pid === pid);
  }

  /** Takes in a task that was there before the subscription, of which nothing is told. */
  adopt(task: TaskState): void {
    if (this.#state !== "none" || this.#isGone(task.pid)) return;
    this.#pid = task.pid;
    this.#state = task.state;
    this.#isStarted = task.state !== "created";
  }

  /** Whether what comes before an event was not told yet and may still be on its way. */
  awaits(event: ContainerEvent): boolean {
    switch (event.type) {
      case "create":
        return this.#state !== "none" && event.pid !== this.#pid && !this.#isOfGoneTask(event);
      case "start":
        return !this.#isMine(event.pid) && !this.#isOfGoneTask(event);
      case "paused":
      case "resumed":
        return !this.#isOld(event) &&
          ["created", event.type === "paused" ? "paused" : "running"].includes(this.#state);
      case "exit":
        if (event.processId !== INIT_PROCESS) return this.#awaitsOfExec(event.processId, event);
        if (this.#isMine(event.pid)) return this.#state === "created";
        return !this.#isOfGoneTask(event);
      case "delete":
        if (event.processId !== INIT_PROCESS) return this.#awaitsOfExec(event.processId, event);
        if (this.#state === "none") return !this.#isOfGoneTask(event);
        return this.#isMine(event.pid) && (this.#isAlive || this.runningExecs.length > 0);
      case "exec-added":
      case "exec-started":
        return this.#awaitsOfExec(event.processId, event);
      default:
        return false;
    }
  }

  /** Whether nothing was told of the task that an event is of. */
  isUnknownTo(event: ContainerEvent): boolean {
    if (this.#state !== "none" || !("processId" in event) || event.processId === INIT_PROCESS) {
      return false;
    }
    return !this.#isOfGone(event);
  }

  /** What is to be told of a task that runs, of which nothing was told. */
  imply(pid: number): readonly ContainerEvent[] {
    return [...this.#begin(pid), ...this.#run(pid)];
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
        if (this.#isSeen(event) || this.#foretoldOom) return this.#forgetOom();
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
      // What runs in the new task was not lost with the one before.
      const own = [...this.#execs].filter(([id, { pid }]) => pid > 0 && execs.get(id)?.pid === pid);
      for (const [processId] of own) this.#execs.delete(processId);
      told.push(...this.#finish(), ...this.#begin(task.pid));
      for (const [processId, exec] of own) this.#execs.set(processId, exec);
    }
    if (this.#state === "created" && task.state !== "created") {
      told.push(...this.#runUntil(task.exit, task.pid));
    }
    if (this.#isAlive && task.state !== "created") told.push(...this.#settleState(task));
    for (const [processId, state] of execs) told.push(...this.settleExec(processId, state));
    return told;
  }

  /** As {@linkcode ContainerHistory.settle}, for a further process. */
  settleExec(processId: string, state: ProcessState | undefined): readonly ContainerEvent[] {
    const exec = this.#exec(processId);
    return exec.settle(state, this.#noteOf(processId, exec.pid)?.status);
  }

  /** What is to be told of what a handle knows. */
  note({ processId, pid, type, status: exit }: ProcessNote): readonly ContainerEvent[] {
    if (this.hasEnded(processId, pid)) return [];
    const state: ProcessState = type === "ended"
      ? { pid, state: "stopped", exit }
      : { pid, state: "running" };
    if (processId !== INIT_PROCESS) {
      if (this.#state !== "none") return this.settleExec(processId, state);
      // Told when its task is gone already, an end is still told.
      return type === "ended" ? this.#belated(processId, state) : [];
    }
    if (!this.#isGone(pid)) return this.settle({ containerId: this.#id, ...state });
    this.#gone = this.#gone.map((task) => task.pid === pid ? { ...task, isStarted: true } : task);
    const ref = { containerId: this.#id, processId };
    return [startEvent(this.#id, pid), exitEvent(ref, pid, exit)];
  }

  #belated(processId: string, state: ProcessState): readonly ContainerEvent[] {
    const execs = this.#gone[0]?.execs ?? this.#execs;
    const exec = execs.get(processId) ?? new ExecHistory({ containerId: this.#id, processId });
    execs.set(processId, exec);
    return exec.settle(state, state.exit);
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
    if (this.#isOfGoneTask(event)) return [];
    if (this.#state !== "none" && event.pid === this.#pid) return [];
    const before = this.#finish();
    this.#begin(event.pid);
    this.#stateAt = event.timestamp.getTime();
    return [...before, event];
  }

  #started(event: StartEvent): readonly ContainerEvent[] {
    if (this.#isOfGoneTask(event)) return [];
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
    const isOver = this.#state === "stopped" || (this.#state === "none" && this.#gone.length > 0);
    if (isOver || this.#isOld(event)) return [];
    // Without its creation it cannot be told from one of an earlier task.
    if (this.#state === "created" && this.#stateAt === 0) return [];
    const before = this.#state === "created" ? this.#run(this.#pid) : [];
    const state = event.type === "paused" ? "paused" : "running";
    this.#stateAt = event.timestamp.getTime();
    if (state === this.#state) return before;
    if (this.#state !== "none") this.#state = state;
    return [...before, event];
  }

  #ended(event: ExitEvent): readonly ContainerEvent[] {
    const { processId, pid } = event;
    if (processId !== INIT_PROCESS) {
      return this.#isOfGone(event) ? [] : this.#exec(processId).ended(event);
    }
    if (this.#isOfGoneTask(event)) return [];
    if (this.#isMine(pid)) {
      if (this.#state === "stopped") return [];
      const before = this.#runUntil(event.status, pid);
      this.#state = "stopped";
      this.#isStarted = true;
      return [...before, event];
    }
    const before = [...this.#finish(), ...this.#begin(pid), ...this.#run(pid)];
    this.#state = "stopped";
    return [...before, event];
  }

  #deleted(event: DeleteEvent, exit: ExitStatus | undefined): readonly ContainerEvent[] {
    const { processId } = event;
    if (processId !== INIT_PROCESS) {
      if (this.#state === "none" || this.#isOfGone(event)) return [];
      return this.#exec(processId).deleted(event, exit);
    }
    if (this.#state === "none") {
      if (this.#isOfGoneTask(event)) return [];
      const before = [...this.#begin(event.pid), ...this.#runUntil(exit, event.pid)];
      return [...before, ...this.#finish(exit, event).slice(0, -1), event];
    }
    if (!this.#isMine(event.pid)) return [];
    return [...this.#finish(exit, event).slice(0, -1), event];
  }

  /** Ends the task, of which only the disappearance was noticed: its processes, then itself. */
  #finish(exit?: ExitStatus, event?: DeleteEvent): readonly ContainerEvent[] {
    if (this.#state === "none") return [];
    const told = [...this.#loseExecs()];
    if (this.#state === "created" && this.#noteOf(INIT_PROCESS, this.#pid)) {
      told.push(...this.#run(this.#pid));
    }
    if (this.#isAlive && this.#state !== "created") told.push(this.#exit(exit));
    told.push(deleteEvent({ containerId: this.#id, processId: INIT_PROCESS }, this.#pid));
    const at = event?.timestamp.getTime() ?? Date.now();
    const gone = { pid: this.#pid, at, isStarted: this.#isStarted, execs: this.#execs };
    this.#gone = [gone, ...this.#gone].slice(0, GONE_LIMIT);
    this.#state = "none";
    this.#pid = 0;
    this.#execs = new Map();
    return told;
  }

  #noteOf(processId: string, pid: number): ProcessNote | undefined {
    return this.#known().find((note) => note.processId === processId && note.pid === pid);
  }

  #loseExecs(): readonly ContainerEvent[] {
    // Of those that began and ended unseen only their handles know.
    const unseen = this.#known().filter(({ type, processId, pid }) =>
      type === "ended" && processId !== INIT_PROCESS && !this.hasStarted(processId, pid)
    );
    const told = unseen.flatMap(({ processId, pid, status: exit }) =>
      this.settleExec(processId, { pid, state: "stopped", exit })
    );
    const lost = [...this.#execs].flatMap(([processId, exec]) =>
      exec.lose(this.#noteOf(processId, exec.pid)?.status)
    );
    return [...told, ...lost];
  }

  #begin(pid: number): readonly ContainerEvent[] {
    this.#state = "created";
    this.#isStarted = false;
    this.#pid = pid;
    this.#stateAt = 0;
    this.#seen = [];
    this.#oom = false;
    this.#foretoldOom = false;
    return [createEvent(this.#id, pid)];
  }

  #run(pid: number): readonly ContainerEvent[] {
    this.#state = "running";
    this.#isStarted = true;
    this.#pid = pid;
    return [startEvent(this.#id, pid)];
  }

  /** Its start, if it was not told; one that ends by SIGKILL may never have been started. */
  #runUntil(exit: ExitStatus | undefined, pid: number): readonly ContainerEvent[] {
    if (this.#state !== "created") return [];
    const isKilled = exit?.state === "exited" && exit.code === KILLED;
    return isKilled && !this.#noteOf(INIT_PROCESS, pid) ? [] : this.#run(pid);
  }

  #exit(exit: ExitStatus | undefined): ExitEvent {
    const ref = { containerId: this.#id, processId: INIT_PROCESS };
    return exitEvent(ref, this.#pid, this.#noteOf(INIT_PROCESS, this.#pid)?.status ?? exit);
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
    if (this.#isOfGone(event)) return false;
    if (this.#state === "none") return true;
    const exec = this.#execs.get(processId);
    return exec?.awaits(event) ?? (event.type === "exec-started" || event.type === "exit");
  }

  get #isAlive(): boolean {
    return this.#state === "created" || this.#state === "running" || this.#state === "paused";
  }

  /** Whether a pid is the one of the task; the first process of a checkpoint has none at first. */
  #isMine(pid: number): boolean {
    return this.#state !== "none" && (pid === this.#pid || pid === 0 || this.#pid === 0);
  }

  /** Whether a pid is the one of an earlier task. */
  #isGone(pid: number): boolean {
    return this.#pid !== pid && this.#gone.some((task) => task.pid === pid);
  }

  /** Whether an event of the first process is of an earlier task. */
  #isOfGoneTask(event: CreateEvent | StartEvent | ExitEvent | DeleteEvent): boolean {
    if (event.pid === this.#pid) return false;
    const at = event.timestamp.getTime();
    // Another task of the same process id begins; it does not end first. Of a shim that was killed
    // containerd tells the end again, and later, when its container is removed.
    return this.#gone.some((task) =>
      task.pid === event.pid &&
      (event.type === "create" || event.type === "start" ? at < task.at : true)
    );
  }

  /** Whether an event is of a further process of an earlier task. */
  #isOfGone(event: ContainerEvent): boolean {
    if (!("processId" in event)) return false;
    const at = event.timestamp.getTime();
    return this.#gone.some((task) => {
      const exec = task.execs.get(event.processId);
      if (exec === undefined) return this.#state === "none" && at <= task.at;
      return this.#state === "none" || exec.isPast(event);
    });
  }

  #isOld({ timestamp }: StateEvent): boolean {
    return timestamp.getTime() < this.#stateAt;
  }

  #forgetOom(): readonly ContainerEvent[] {
    this.#foretoldOom = false;
    return [];
  }

  #isSeen({ type, timestamp }: ContainerEvent): boolean {
    const name = `${type} ${timestamp.getTime()}`;
    if (this.#seen.includes(name)) return true;
    this.#seen = [name, ...this.#seen].slice(0, SEEN_LIMIT);
    return false;
  }
}
