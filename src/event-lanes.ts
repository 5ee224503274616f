import { withinBudget } from "./budget.ts";
import type { ContainerHistory } from "./container-history.ts";
import { backgroundDelay } from "./delay.ts";
import type { EventLedger } from "./event-ledger.ts";
import type { ContainerEvent, ExitEvent } from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";
import { INIT_PROCESS } from "./runtime.ts";

/** How long an event waits for those that come before it, in milliseconds. */
const HOLD_MS = 100;

/** How long the question after a want of memory may take, in milliseconds. */
const OOM_BUDGET_MS = 1000;

/** 128 + SIGKILL: what the kernel leaves of a process that it ends for want of memory. */
const KILLED = 137;

/** What {@linkcode EventLanes} needs. */
export interface EventLanesOptions {
  /** What was told. */
  readonly ledger: EventLedger;
  /** Tells an event. */
  readonly tell: (event: ContainerEvent) => void;
  /** Whether the kernel ended a process of a container for want of memory. */
  readonly wasOomKilled: (
    containerId: string,
    signal: AbortSignal,
  ) => Promise<boolean | "unknown">;
  /** Is told of a container of whose task nothing was told but that it has a process. */
  readonly onUnknown: (containerId: string) => void;
  /** Ends all waits. */
  readonly signal: AbortSignal;
}

/** An event that waits for its turn. */
interface Held {
  readonly event: ContainerEvent;
  readonly exit: ExitStatus | undefined;
  /** When it waits no longer. */
  readonly until: number;
  /** Whether the answer to whether memory was wanting is not there yet. */
  isAsking: boolean;
  /** The answer; `unknown` if only an event would still tell. */
  oom: boolean | "unknown" | undefined;
}

/** Events of one container that wait for others of it. */
class Lane {
  readonly held: Held[] = [];
  wake: () => void = () => {};
}

/**
 * Puts the events of each container in order: one that comes too early waits a moment for those that
 * come before it. Without such, nothing waits.
 */
export class EventLanes {
  readonly #options: EventLanesOptions;
  readonly #lanes = new Map<string, Lane>();

  /** @param options What was told, and to whom it is told. */
  constructor(options: EventLanesOptions) {
    this.#options = options;
  }

  /** Whether events of a container wait. */
  isWaiting(containerId: string): boolean {
    return this.#lanes.has(containerId);
  }

  /** Takes an event. */
  push(event: ContainerEvent, exit: ExitStatus | undefined): void {
    const { containerId } = event;
    const lane = this.#lanes.get(containerId);
    const held = this.#hold(event, exit);
    if (lane) {
      lane.held.push(held);
      lane.wake();
      return;
    }
    if (!this.#mustWait(this.#history(containerId), held)) return this.#apply(held);
    const opened = new Lane();
    opened.held.push(held);
    this.#lanes.set(containerId, opened);
    this.#run(containerId, opened);
  }

  #history(containerId: string): ContainerHistory {
    return this.#options.ledger.of(containerId);
  }

  #hold(event: ContainerEvent, exit: ExitStatus | undefined): Held {
    const held: Held = {
      event,
      exit,
      until: performance.now() + HOLD_MS,
      isAsking: false,
      oom: undefined,
    };
    if (isKill(event) && !this.#history(event.containerId).oomKilled) this.#askForOom(held);
    return held;
  }

  async #askForOom(held: Held): Promise<void> {
    const { signal, wasOomKilled } = this.#options;
    const { containerId } = held.event;
    held.isAsking = true;
    try {
      held.oom = await withinBudget((cut) => wasOomKilled(containerId, cut), OOM_BUDGET_MS, signal);
    } catch {
      held.oom = "unknown";
    } finally {
      held.isAsking = false;
      this.#lanes.get(containerId)?.wake();
    }
  }

  #mustWait(history: ContainerHistory, held: Held): boolean {
    if (held.event.type === "exit" && !history.oomKilled) {
      if (held.isAsking || held.oom === "unknown") return true;
    }
    return history.awaits(held.event);
  }

  async #run(containerId: string, lane: Lane): Promise<void> {
    const { signal } = this.#options;
    while (lane.held.length > 0 && !signal.aborted) {
      const next = this.#next(this.#history(containerId), lane);
      if (next) this.#apply(next, lane);
      else await this.#pause(lane);
    }
    this.#lanes.delete(containerId);
  }

  /** Takes out what can be told: the first that waits for nothing, or for which it is too late. */
  #next(history: ContainerHistory, { held }: Lane): Held | undefined {
    let index = held.findIndex((each) => !this.#mustWait(history, each));
    const isOver = (each: Held) => !each.isAsking && each.until <= performance.now();
    if (index < 0) index = held.findIndex(isOver);
    // What a task was told of its further processes is not to be overtaken by its end: behind that
    // nobody would miss it any more.
    if (isEnd(held[index])) {
      const before = held.findIndex(({ event }, at) => at < index && isOfExec(event));
      if (held[before]?.isAsking) return undefined;
      if (before >= 0) index = before;
    }
    return index < 0 ? undefined : held.splice(index, 1)[0];
  }

  async #pause(lane: Lane): Promise<void> {
    const { signal } = this.#options;
    const wake = new AbortController();
    const end = () => wake.abort();
    lane.wake = end;
    signal.addEventListener("abort", end, { once: true });
    const [first] = lane.held.filter(({ isAsking }) => !isAsking);
    const untilMs = (first?.until ?? Infinity) - performance.now();
    await backgroundDelay(Math.min(Math.max(1, untilMs), OOM_BUDGET_MS), wake.signal);
    signal.removeEventListener("abort", end);
  }

  #apply({ event, exit, oom }: Held, lane?: Lane): void {
    const { ledger, tell, onUnknown } = this.#options;
    const { containerId } = event;
    const history = ledger.of(containerId);
    if (history.isUnknownTo(event)) {
      // Its end tells which task it was; else the runtime has to be asked.
      const pid = lane && pidIn(lane);
      if (pid === undefined) onUnknown(containerId);
      else for (const told of history.imply(pid)) tell(told);
    }
    for (const told of history.apply(event, exit)) {
      if (told === event && oom === true) {
        for (const each of history.foretellOom()) tell(each);
      }
      const known = history.oomKilled || (told === event ? oom : undefined);
      tell(told.type === "exit" ? withOom(told, known) : told);
    }
    ledger.settle(containerId);
  }
}

/** Whether an event is the end of a task, or of its first process. */
function isEnd(held: Held | undefined): boolean {
  const event = held?.event;
  return (event?.type === "exit" || event?.type === "delete") && event.processId === INIT_PROCESS;
}

function isOfExec(event: ContainerEvent): boolean {
  return "processId" in event && event.processId !== INIT_PROCESS;
}

/** The process id of a task, if an event of its first process waits. */
function pidIn({ held }: Lane): number | undefined {
  for (const { event } of held) {
    const isOfInit = (event.type === "exit" || event.type === "delete") &&
      event.processId === INIT_PROCESS;
    if (isOfInit && event.pid > 0) return event.pid;
  }
  return undefined;
}

/** Whether an event is the end of a process by SIGKILL, of whomever. */
function isKill(event: ContainerEvent): boolean {
  return event.type === "exit" && event.status.state === "exited" && event.status.code === KILLED &&
    event.status.oomKilled === "unknown";
}

/**
 * An end, with what is known of the memory. It is asked for after a SIGKILL only; of other ends it is
 * not known without an event, which may come long after them.
 */
function withOom(event: ExitEvent, known: boolean | "unknown" | undefined): ExitEvent {
  const { status } = event;
  if (status.state !== "exited" || status.oomKilled !== "unknown") return event;
  return { ...event, status: { ...status, oomKilled: known ?? "unknown" } };
}
