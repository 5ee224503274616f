import { withinBudget } from "./budget.ts";
import type { ContainerHistory } from "./container-history.ts";
import { DueTimes } from "./due-times.ts";
import type { EventLedger } from "./event-ledger.ts";
import type {
  EventSource,
  ProcessNote,
  ProcessRef,
  ProcessState,
  TaskState,
} from "./event-source.ts";
import type { ContainerEvent } from "./events.ts";
import type { ProcessNotes } from "./process-notes.ts";
import { INIT_PROCESS } from "./runtime.ts";

/** How long events may be on their way when the state is asked for, in milliseconds. */
const IN_FLIGHT_MS = 100;

/** How long an event may be missing of what the runtime's own handles know, in milliseconds. */
const NOTE_MS = 2000;

/** How long the further processes of a container that has ended may take, in milliseconds. */
const EXECS_MS = 1000;

/** After how long the record of a task that has ended is looked for, in milliseconds. */
const STOPPED_MS = 10_000;

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 10_000;

/** How many containers are asked about at a time. */
const CONCURRENCY = 16;

/** What {@linkcode StateChecks} needs. */
export interface StateChecksOptions {
  /** Who is asked. */
  readonly source: EventSource;
  /** What was told. */
  readonly ledger: EventLedger;
  /** What the runtime's own handles know. */
  readonly notes: ProcessNotes;
  /** Whether events of a container wait for others. */
  readonly isWaiting: (containerId: string) => boolean;
  /** Tells an event. */
  readonly tell: (event: ContainerEvent) => void;
  /** Ends all. */
  readonly signal: AbortSignal;
}

/** Asks a runtime for the state of containers of which events may be missing, and tells what is. */
export class StateChecks {
  readonly #options: StateChecksOptions;
  readonly #due: DueTimes;
  readonly #waiting = new Set<string>();
  /** Those of which the runtime has said something else than what was told. */
  readonly #differing = new Set<string>();
  readonly #changes = new Map<string, number>();
  #running = 0;
  #isLive = false;
  /** Cuts the questions that are asked over one connection. */
  #cut = new AbortController();

  /** @param options Who is asked about what, and to whom it is told. */
  constructor(options: StateChecksOptions) {
    this.#options = options;
    this.#due = new DueTimes(options.signal, (containerId) => {
      this.#waiting.add(containerId);
      this.#begin();
    });
    options.signal.addEventListener("abort", () => this.pause(), { once: true });
  }

  /**
   * Begins to ask: of all that differs from what was told.
   *
   * @param listTasks All tasks; nothing is asked if it cannot tell them.
   */
  async resume(listTasks: () => Promise<readonly TaskState[] | undefined>): Promise<void> {
    this.#isLive = true;
    this.#cut = new AbortController();
    const { ledger, notes } = this.#options;
    const tasks = await listTasks();
    if (tasks === undefined) return;
    // Of those that were asked about when the connection broke the ledger may not know enough.
    const suspects = [...ledger.differences(tasks), ...notes.containers, ...this.#differing];
    for (const id of new Set(suspects)) this.suspect(id);
  }

  /** Asks no more, until it is resumed. */
  pause(): void {
    this.#isLive = false;
    // When it is live again, all that differs is asked for.
    this.#waiting.clear();
    this.#cut.abort();
  }

  /** Takes note of what was told; whoever asks at the time begins again. */
  told(event: ContainerEvent): void {
    const { containerId } = event;
    if (this.#changes.has(containerId)) {
      this.#changes.set(containerId, (this.#changes.get(containerId) ?? 0) + 1);
    }
    if (event.type !== "exit" || event.processId !== INIT_PROCESS) return;
    const { openExecs } = this.#options.ledger.of(containerId);
    this.#due.add(containerId, openExecs.length > 0 ? EXECS_MS : STOPPED_MS);
  }

  /** Takes note of what a handle knows; its event has a moment to come. */
  noted({ containerId }: ProcessNote): void {
    this.#due.add(containerId, NOTE_MS);
  }

  /** Asks soon about a container of which something was missed. */
  suspect(containerId: string): void {
    this.#differing.add(containerId);
    this.#due.add(containerId, IN_FLIGHT_MS);
  }

  #begin(): void {
    for (const containerId of this.#waiting) {
      if (!this.#isLive || this.#running >= CONCURRENCY) return;
      this.#waiting.delete(containerId);
      if (!this.#isSuspect(containerId)) continue;
      this.#running++;
      this.#check(containerId).finally(() => {
        this.#running--;
        this.#begin();
      });
    }
  }

  #isSuspect(containerId: string): boolean {
    const { ledger, notes } = this.#options;
    // Not to be remembered again for being asked about: it may be gone for long.
    const history = ledger.find(containerId);
    return history?.state === "stopped" || this.#differing.has(containerId) ||
      notes.of(containerId).some(({ type, processId, pid }) =>
        type === "ended" || !history?.hasStarted(processId, pid)
      );
  }

  async #check(containerId: string): Promise<void> {
    const { isWaiting, ledger } = this.#options;
    const { signal } = this.#cut;
    if (isWaiting(containerId) || this.#changes.has(containerId)) return this.suspect(containerId);
    const history = ledger.of(containerId);
    this.#changes.set(containerId, 0);
    try {
      const { task, execs } = await this.#ask(containerId, history);
      // What came meanwhile is perhaps newer than the answer.
      if (signal.aborted) return;
      if (this.#changes.get(containerId) !== 0 || isWaiting(containerId)) {
        return this.suspect(containerId);
      }
      // A handle that knows of a start nobody saw knows of the end in a moment, too.
      if (task === undefined && this.#isUnseen(containerId, history)) {
        return this.suspect(containerId);
      }
      this.#changes.delete(containerId);
      this.#settle(containerId, history, task, execs);
    } catch {
      this.#differing.add(containerId);
      if (this.#isLive) this.#due.add(containerId, EXECS_MS);
    } finally {
      this.#changes.delete(containerId);
    }
  }

  #isUnseen(containerId: string, history: ContainerHistory): boolean {
    return this.#options.notes.of(containerId).some(({ type, processId, pid }) =>
      type === "started" && processId !== INIT_PROCESS && !history.hasStarted(processId, pid)
    );
  }

  async #ask(
    containerId: string,
    history: ContainerHistory,
  ): Promise<{ task: TaskState | undefined; execs: Map<string, ProcessState | undefined> }> {
    const { signal } = this.#cut;
    const find = (ref: ProcessRef) =>
      withinBudget((cut) => this.#options.source.findProcess(ref, cut), ANSWER_MS, signal);
    const task = await find({ containerId, processId: INIT_PROCESS });
    const execs = new Map<string, ProcessState | undefined>();
    for (const processId of history.openExecs) {
      const ref = { containerId, processId };
      execs.set(processId, task && await find(ref));
    }
    return { task: task && { ...task, containerId }, execs };
  }

  #settle(
    containerId: string,
    history: ContainerHistory,
    task: TaskState | undefined,
    execs: ReadonlyMap<string, ProcessState | undefined>,
  ): void {
    const { ledger, notes, tell } = this.#options;
    this.#differing.delete(containerId);
    const tellNotes = () => {
      for (const note of notes.of(containerId)) {
        for (const event of history.note(note)) tell(event);
      }
    };
    tellNotes();
    for (const event of history.settle(task, execs)) tell(event);
    // Of an id that is used again its handle may know more than the answer.
    tellNotes();
    ledger.settle(containerId);
    for (const note of notes.of(containerId)) {
      if (note.type === "ended") notes.drop(note);
    }
    // A further process may outlive the first one.
    if (history.state === "stopped" && history.openExecs.length > 0) {
      this.#due.add(containerId, NOTE_MS);
    }
  }
}
