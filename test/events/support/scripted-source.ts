import type {
  EventSink,
  EventSource,
  ProcessNote,
  ProcessRef,
  ProcessState,
  TaskState,
} from "../../../src/event-source.ts";
import type { ContainerEvent } from "../../../src/events.ts";

/** A runtime that tells and answers what a test says. */
export class ScriptedSource implements EventSource {
  /** What `listTasks` answers. */
  tasks: TaskState[] = [];
  /** The containers that were asked for, in order. */
  readonly asked: string[] = [];
  /** Is asked before `findProcess` answers. */
  gate: (ref: ProcessRef, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** Is asked before `listTasks` answers. */
  listGate: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** How many subscriptions there were. */
  subscriptions = 0;
  /** Whether a subscription is live at once. */
  isLiveAtOnce = true;
  #sink: EventSink | undefined;
  #end: (() => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;
  readonly #listeners = new Set<(note: ProcessNote) => void>();

  /** As in the contract. */
  async subscribe(sink: EventSink, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.subscriptions++;
    this.#sink = sink;
    this.#end = resolve;
    this.#fail = reject;
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (this.isLiveAtOnce) sink.live();
    await promise;
  }

  /** As in the contract. */
  async listTasks(signal: AbortSignal): Promise<readonly TaskState[]> {
    await this.listGate(signal);
    return this.tasks;
  }

  /** As in the contract. */
  async findProcess(ref: ProcessRef, signal: AbortSignal): Promise<ProcessState | undefined> {
    this.asked.push(ref.containerId);
    await this.gate(ref, signal);
    return this.tasks.find(({ containerId }) => containerId === ref.containerId);
  }

  /** As in the contract. */
  onNote(listener: (note: ProcessNote) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells events. */
  tell(...events: readonly ContainerEvent[]): void {
    for (const event of events) this.#sink?.event(event);
  }

  /** Tells what a handle knows. */
  note(note: ProcessNote): void {
    for (const listener of this.#listeners) listener(note);
  }

  /** Ends the subscription, in order. */
  end(): void {
    this.#end?.();
  }

  /** Breaks the subscription. */
  fail(error: unknown): void {
    this.#fail?.(error);
  }
}

/** Makes observed events of one container. */
export function eventsOf(containerId: string, pid: number) {
  let at = 0;
  const base = () =>
    ({ containerId, timestamp: new Date(at += 1000), source: "observed" }) as const;
  const exited = (code: number) =>
    ({
      state: "exited",
      code,
      exitedAt: new Date(at),
      oomKilled: "unknown",
      truncated: false,
    }) as const;
  return {
    create: () => ({ ...base(), type: "create", pid }) as const,
    start: () => ({ ...base(), type: "start", pid }) as const,
    exit: (code: number) =>
      ({ ...base(), type: "exit", processId: "init", pid, status: exited(code) }) as const,
    oom: () => ({ ...base(), type: "oom" }) as const,
    added: (processId: string) => ({ ...base(), type: "exec-added", processId }) as const,
    started: (processId: string, pid: number) =>
      ({ ...base(), type: "exec-started", processId, pid }) as const,
    ended: (processId: string, pid: number, code: number) =>
      ({ ...base(), type: "exit", processId, pid, status: exited(code) }) as const,
    deleted: (processId: string, pid: number) =>
      ({ ...base(), type: "delete", processId, pid }) as const,
    status: exited,
  };
}
