import type { ProcessNote, ProcessState, TaskState } from "./event-source.ts";
import type {
  ContainerEvent,
  CreateEvent,
  DeleteEvent,
  ExitEvent,
  StartEvent,
  StateEvent,
} from "./events.ts";
import { ExecHistories } from "./exec-histories.ts";
import type { ExitStatus } from "./exit-status.ts";
import { GoneTasks } from "./gone-tasks.ts";
import {
  createEvent,
  deleteEvent,
  exitEvent,
  oomEvent,
  startEvent,
  stateEvent,
} from "./reconciled-events.ts";
import { INIT_PROCESS } from "./runtime.ts";
import { TaskNotices } from "./task-notices.ts";

/** 128 + SIGKILL, the only signal that a process gets that was never started. */
const KILLED = 137;

/** No process has it: stands for that of a task of which it was never told. */
const UNKNOWN = -1;

/** What the runtime's own handles know of the processes of a container. */
export type KnownProcesses = () => readonly ProcessNote[];

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
  #execs: ExecHistories;
  readonly #gone: GoneTasks = new GoneTasks();
  #stateAt = 0;
  #isStarted = false;
  #notices: TaskNotices = new TaskNotices();

  /** @param id The container. */
  constructor(id: string, known: KnownProcesses) {
    this.#id = id;
    this.#known = known;
    this.#execs = this.#noExecs();
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
    return this.#notices.oomKilled;
  }

  /** The further processes whose end was not told. */
  get openExecs(): readonly string[] {
    return this.#execs.open;
  }

  /** The further processes whose start was told and whose end was not. */
  get runningExecs(): readonly string[] {
    return this.#execs.running;
  }

  /** Whether the start of a process was told. */
  hasStarted(processId: string, pid: number): boolean {
    if (this.hasEnded(processId, pid)) return true;
    if (processId !== INIT_PROCESS) return this.#execs.find(processId)?.hasStarted(pid) ?? false;
    return this.#pid === pid && this.#isAlive && this.#state !== "created";
  }

  /** Whether the end of a process was told. */
  hasEnded(processId: string, pid: number): boolean {
    if (processId === INIT_PROCESS) {
      return (this.#state === "stopped" && this.#pid === pid) ||
        (this.#pid !== pid && this.#gone.hasEnded(pid));
    }
    return this.#execs.hasEnded(processId, pid) || this.#gone.hasExecEnded(processId, pid);
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
      case "oom":
        // A process may be out of memory before its shim has told of its start.
        return this.#state === "created";
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
        return this.#isOfGone(event) ? [] : this.#execs.of(event.processId).added(event);
      case "exec-started":
        return this.#isOfGone(event) ? [] : this.#execs.of(event.processId).started(event);
      case "oom":
        return this.#notices.isOomNew(event) ? [event] : [];
      case "checkpointed":
        return this.#notices.isNew(event) ? [event] : [];
    }
  }

  /** Notes that a process was killed for want of memory, of which the event is late or missing. */
  foretellOom(): readonly ContainerEvent[] {
    return this.#notices.foretellOom() ? [oomEvent(this.#id)] : [];
  }

  /** What is to be told where the runtime, when asked, says something else. */
  settle(
    task: TaskState | undefined,
    execs: ReadonlyMap<string, ProcessState | undefined> = new Map(),
  ): readonly ContainerEvent[] {
    if (task !== undefined && this.#isGone(task.pid)) return [];
    if (task === undefined) {
      return this.#state === "none" && !this.#execs.isEmpty
        ? this.#finishUnknown()
        : this.#finish();
    }
    const told: ContainerEvent[] = [];
    if (!this.#isMine(task.pid)) {
      // What runs in the new task was not lost with the one before, if there was one.
      const own = this.#state === "none" ? this.#execs : this.#execs.split(execs);
      told.push(...this.#finish(), ...this.#begin(task.pid));
      this.#execs = own;
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
    return this.#execs.of(processId).settle(state);
  }

  /** What is to be told of what a handle knows. */
  note({ processId, pid, type, status: exit }: ProcessNote): readonly ContainerEvent[] {
    // One that could not be started has no pid, and is no process.
    if (pid === 0 || this.hasEnded(processId, pid)) return [];
    const state: ProcessState = type === "ended"
      ? { pid, state: "stopped", exit }
      : { pid, state: "running" };
    if (processId !== INIT_PROCESS) {
      const exec = this.#execs.find(processId);
      // Which of the two was first only the runtime can tell.
      if (type === "ended" && exec?.isRunning && exec.pid !== pid) return [];
      if (this.#state !== "none") return this.settleExec(processId, state);
      // Told when its task is gone already, an end is still told.
      return type === "ended" ? this.#belated(processId, state) : [];
    }
    if (!this.#isGone(pid)) return this.settle({ containerId: this.#id, ...state });
    this.#gone.markStarted(pid);
    const ref = { containerId: this.#id, processId };
    return [startEvent(this.#id, pid), exitEvent(ref, pid, exit)];
  }

  #belated(processId: string, state: ProcessState): readonly ContainerEvent[] {
    const execs = this.#gone.lastExecs ?? this.#execs;
    return execs.of(processId).settle(state);
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
    const isOver = this.#state === "stopped" || (this.#state === "none" && !this.#gone.isEmpty);
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
      return this.#isOfGone(event) ? [] : this.#execs.of(processId).ended(event);
    }
    if (this.#isOfGoneTask(event)) return [];
    if (this.#isMine(pid)) {
      if (this.#state === "stopped") return [];
      const before = this.#runUntil(event.status, pid || this.#pid);
      this.#state = "stopped";
      this.#isStarted = true;
      // Of a shim that is gone a daemon may not know the process id any more.
      return [...before, pid === 0 ? { ...event, pid: this.#pid } : event];
    }
    const before = [...this.#finish(), ...this.#begin(pid), ...this.#run(pid)];
    this.#state = "stopped";
    return [...before, event];
  }

  #deleted(event: DeleteEvent, exit: ExitStatus | undefined): readonly ContainerEvent[] {
    const { processId } = event;
    if (processId !== INIT_PROCESS) {
      if (this.#state === "none" || this.#isOfGone(event)) return [];
      return this.#execs.of(processId).deleted(event, exit);
    }
    if (this.#state === "none") {
      if (this.#isOfGoneTask(event)) return [];
      const before = [...this.#begin(event.pid), ...this.#runUntil(exit, event.pid)];
      return [...before, ...this.#finish(exit, event).slice(0, -1), event];
    }
    if (!this.#isMine(event.pid)) return [];
    const told = event.pid === 0 ? { ...event, pid: this.#pid } : event;
    return [...this.#finish(exit, event).slice(0, -1), told];
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
    this.#execs.trim();
    this.#gone.add({ pid: this.#pid, at, isStarted: this.#isStarted, execs: this.#execs });
    this.#state = "none";
    this.#pid = 0;
    this.#execs = this.#noExecs();
    return told;
  }

  /** Ends a task of which only further processes were told, and of which nobody knows more. */
  #finishUnknown(): readonly ContainerEvent[] {
    const told = this.#execs.lose();
    this.#gone.add({ pid: UNKNOWN, at: Date.now(), isStarted: false, execs: this.#execs });
    this.#execs = this.#noExecs();
    return [...told, deleteEvent({ containerId: this.#id, processId: INIT_PROCESS }, 0)];
  }

  #noExecs(): ExecHistories {
    return new ExecHistories(this.#id, (processId, pid) => this.#noteOf(processId, pid)?.status);
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
    return [...told, ...this.#execs.lose()];
  }

  #begin(pid: number): readonly ContainerEvent[] {
    this.#state = "created";
    this.#isStarted = false;
    this.#pid = pid;
    this.#stateAt = 0;
    this.#notices = new TaskNotices();
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

  #awaitsOfExec(processId: string, event: ContainerEvent): boolean {
    if (this.#isOfGone(event)) return false;
    if (this.#state === "none") return true;
    const exec = this.#execs.find(processId);
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
    return this.#pid !== pid && this.#gone.has(pid);
  }

  /** Whether an event of the first process is of an earlier task. */
  #isOfGoneTask(event: CreateEvent | StartEvent | ExitEvent | DeleteEvent): boolean {
    // A daemon may tell the end of what it could not make, which never had a process.
    const isNone = this.#state === "none" && event.pid === 0;
    if (isNone && (event.type === "exit" || event.type === "delete")) return true;
    return event.pid !== this.#pid && this.#gone.isOfTask(event);
  }

  /** Whether an event is of a further process of an earlier task. */
  #isOfGone(event: ContainerEvent): boolean {
    if (!("processId" in event)) return false;
    const isTask = this.#state !== "none";
    const isPresent = isTask && "pid" in event &&
      this.#execs.find(event.processId)?.hasStarted(event.pid);
    return !isPresent && this.#gone.isOfExec(event, isTask);
  }

  #isOld({ timestamp }: StateEvent): boolean {
    return timestamp.getTime() < this.#stateAt;
  }
}
