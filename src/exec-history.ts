import type { ProcessRef, ProcessState } from "./event-source.ts";
import type {
  ContainerEvent,
  DeleteEvent,
  ExecAddedEvent,
  ExecStartedEvent,
  ExitEvent,
} from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";
import { execAddedEvent, execStartedEvent, exitEvent } from "./reconciled-events.ts";

/** How a process ended, as its handle knows. */
export type KnownExit = (processId: string, pid: number) => ExitStatus | undefined;

/** How many of the earlier processes of an id are remembered. */
const PAST_LIMIT = 4;

/** What is told of one further process of a container, so that each start and end is told once. */
export class ExecHistory {
  readonly #ref: ProcessRef;
  #state: "unknown" | "added" | "running" | "ended" = "unknown";
  #pid = 0;
  #pastPids: readonly number[] = [];
  #addedAt = NaN;
  /** When the present one was added, if that was told: what is later is not of an earlier one. */
  #presentAt = NaN;
  /** When the latest of what was told happened; what is older comes late. */
  #knownAt = 0;
  #isDeleted = false;

  readonly #knownExit: KnownExit;

  /**
   * @param ref The process.
   * @param knownExit What handles know of its end.
   */
  constructor(ref: ProcessRef, knownExit: KnownExit) {
    this.#ref = ref;
    this.#knownExit = knownExit;
  }

  /** Its process id; 0 before it is started. */
  get pid(): number {
    return this.#pid;
  }

  /** Whether it was added and its end was not told. */
  get isOpen(): boolean {
    return this.#state === "added" || this.#state === "running";
  }

  /** Whether its start was told and its end was not. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Whether the start of it as this process id was told. */
  hasStarted(pid: number): boolean {
    return this.#pid === pid && (this.#state === "running" || this.#state === "ended");
  }

  /** Whether the end of it as this process id was told, or is too old to be told. */
  hasEnded(pid: number): boolean {
    if (this.#pid === pid) return this.#state === "ended";
    return this.#isOfPast(pid);
  }

  /** Whether an event is of this process, or of an earlier one of its id. */
  isPast(event: ContainerEvent): boolean {
    if (event.type === "exec-added") return this.#isLate(event);
    return "pid" in event && (event.pid === this.#pid || this.#isOfPast(event.pid, event));
  }

  /** Whether what comes before an event was not told yet. */
  awaits(event: ContainerEvent): boolean {
    switch (event.type) {
      case "exec-added":
        return this.isRunning && !this.#isLate(event);
      case "exec-started":
        return !this.isPast(event) && (this.#state === "unknown" || this.#state === "ended");
      case "exit":
        return !this.isPast(event) && this.#state === "added" && event.pid > 0;
      case "delete":
        return this.isRunning;
      default:
        return false;
    }
  }

  /** It was added. */
  added(event: ExecAddedEvent): readonly ContainerEvent[] {
    if (this.#isLate(event)) return [];
    const before = this.lose();
    this.#begin();
    this.#addedAt = event.timestamp.getTime();
    this.#presentAt = this.#addedAt;
    this.#note(this.#addedAt);
    return [...before, event];
  }

  /** It was started. */
  started(event: ExecStartedEvent): readonly ContainerEvent[] {
    if (this.hasStarted(event.pid) || this.#isOfPast(event.pid, event)) return [];
    const before = this.#untilAdded();
    this.#run(event.pid);
    this.#note(event.timestamp.getTime());
    return [...before, event];
  }

  /** It ended. */
  ended(event: ExitEvent): readonly ContainerEvent[] {
    if (this.#state === "ended" && (event.pid === this.#pid || event.pid === 0)) return [];
    if (this.#isOfPast(event.pid, event)) return [];
    const isSame = this.#state === "running" && (event.pid === this.#pid || event.pid === 0);
    // One that could not be started has no pid.
    const before = isSame || event.pid === 0
      ? []
      : [...this.#untilAdded(), execStartedEvent(this.#ref, event.pid)];
    this.#end(event.pid || this.#pid);
    this.#note(event.timestamp.getTime());
    return [...before, event];
  }

  /** Its record was deleted. */
  deleted(event: DeleteEvent, exit: ExitStatus | undefined): readonly ContainerEvent[] {
    if (this.#isDeleted) return [];
    const before = this.lose(exit);
    this.#end(this.#pid);
    this.#isDeleted = true;
    return [...before, event];
  }

  /** Its end, if its start was told and it is gone. */
  lose(exit?: ExitStatus): readonly ContainerEvent[] {
    const wasRunning = this.isRunning;
    if (this.isOpen) this.#end(this.#pid);
    if (!wasRunning) return [];
    const known = exit ?? this.#knownExit(this.#ref.processId, this.#pid);
    return [exitEvent(this.#ref, this.#pid, known)];
  }

  /** What is to be told where the runtime, when asked, says something else. */
  settle(state: ProcessState | undefined): readonly ContainerEvent[] {
    if (state === undefined) return this.lose();
    const { pid } = state;
    // Another one of its id was added, which does not run yet.
    if (state.state === "created") return this.isRunning ? this.lose() : [];
    if (this.#state === "ended" && pid === this.#pid) return [];
    const told: ContainerEvent[] = [];
    if (this.isRunning && pid !== this.#pid) told.push(...this.lose());
    if (!this.isRunning && pid > 0) {
      told.push(...this.#untilAdded(), execStartedEvent(this.#ref, pid));
      this.#run(pid);
      this.#note(Date.now());
    }
    if (state.state === "stopped") told.push(...this.lose(state.exit));
    return told;
  }

  #untilAdded(): readonly ContainerEvent[] {
    if (this.#state === "added") return [];
    const before = this.lose();
    this.#begin();
    return [...before, execAddedEvent(this.#ref)];
  }

  #begin(): void {
    this.#pastPids = [this.#pid, ...this.#pastPids].slice(0, PAST_LIMIT);
    this.#state = "added";
    this.#pid = 0;
    this.#presentAt = NaN;
    this.#isDeleted = false;
  }

  /** Whether a pid, or an event with it, is of an earlier process; pids are used again. */
  #isOfPast(pid: number, event?: ContainerEvent): boolean {
    if (pid <= 0 || pid === this.#pid || !this.#pastPids.includes(pid)) return false;
    return event === undefined || !(event.timestamp.getTime() > this.#presentAt);
  }

  #isLate({ timestamp }: ExecAddedEvent): boolean {
    const at = timestamp.getTime();
    return at === this.#addedAt || at < this.#knownAt;
  }

  #note(at: number): void {
    this.#knownAt = Math.max(this.#knownAt, at);
  }

  #run(pid: number): void {
    this.#state = "running";
    this.#pid = pid;
  }

  #end(pid: number): void {
    this.#state = "ended";
    this.#pid = pid;
  }
}
