import { abortable } from "./abort.ts";
import { Backoff } from "./backoff.ts";
import { withinBudget } from "./budget.ts";
import { backgroundDelay } from "./delay.ts";
import { ContainerError, isContainerError } from "./errors.ts";
import { EventLanes } from "./event-lanes.ts";
import { EventLedger } from "./event-ledger.ts";
import type { EventQueue } from "./event-queue.ts";
import type { EventSource, ProcessNote, TaskState } from "./event-source.ts";
import type { ContainerEvent, EventStream, RuntimeEvent, StreamEvent } from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";
import { holdProcess } from "./hold-process.ts";
import { ProcessNotes } from "./process-notes.ts";
import type { CallOptions } from "./runtime.ts";
import { eventQueue, queuedEvents } from "./queued-events.ts";
import { StateChecks } from "./state-checks.ts";

function unavailable(state: string, cause?: unknown): ContainerError {
  return new ContainerError("unavailable", `Cannot subscribe to events: ${state}`, { cause });
}

const now = (type: StreamEvent["type"]): StreamEvent => ({ type, timestamp: new Date() });

/** How many events are kept while it is asked what is there already. */
const EARLY_LIMIT = 65_536;

/** How long the answer to that may take, in milliseconds. */
const LIST_MS = 30_000;

/** What {@linkcode gaplessEvents} takes beside the source. */
export interface GaplessEventsOptions extends CallOptions {
  /** Called once, when the stream has ended or its reader has left. */
  readonly onEnd?: (() => void) | undefined;
}

/**
 * Makes of a runtime's events, as its wire brings them, a stream without gaps: each process that is
 * started ends exactly once, after its start, whatever breaks meanwhile. It subscribes again whenever
 * the subscription breaks, and asks for what it missed.
 *
 * @param source What the wire brings, and whom to ask.
 * @param options Its signal ends the stream, without an error.
 */
export function gaplessEvents(
  source: EventSource,
  { signal, onEnd }: GaplessEventsOptions = {},
): EventStream {
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal?.addEventListener("abort", abort, { once: true });
  // While there is no connection, no open call keeps the process alive for the reader.
  const release = holdProcess();
  const queue = eventQueue(() => {
    release();
    stop.abort();
    signal?.removeEventListener("abort", abort);
    onEnd?.();
  });
  stop.signal.addEventListener("abort", () => queue.close(), { once: true });
  const feed = new Feed(source, queue, stop.signal);
  // Whoever has left, or has aborted, reads no error.
  const live = feed.ready.catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  live.catch(() => queue.close());
  if (signal?.aborted) abort();
  const ready = abortable(feed.ready, signal);
  ready.catch(() => {}); // a subscription that nobody awaits must not end the process
  return queuedEvents(queue, { live, ready });
}

/** Subscribes for as long as somebody reads, and fills the gaps in between. */
class Feed {
  /** Resolves when the first subscription is live. */
  readonly ready: Promise<void>;
  readonly #source: EventSource;
  readonly #queue: EventQueue<RuntimeEvent>;
  readonly #signal: AbortSignal;
  readonly #ready = Promise.withResolvers<void>();
  readonly #notes = new ProcessNotes();
  readonly #ledger: EventLedger;
  readonly #lanes: EventLanes;
  readonly #checks: StateChecks;
  /** What came before it is known what was there already. */
  #early: { readonly event: ContainerEvent; readonly exit: ExitStatus | undefined }[] | undefined =
    [];

  constructor(source: EventSource, queue: EventQueue<RuntimeEvent>, signal: AbortSignal) {
    this.#source = source;
    this.#queue = queue;
    this.#signal = signal;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    const notes = this.#notes;
    const tell = (event: ContainerEvent) => this.#tell(event);
    const ledger = new EventLedger(notes);
    this.#ledger = ledger;
    this.#lanes = new EventLanes({
      ledger,
      tell,
      onUnknown: (containerId) => this.#checks.suspect(containerId),
      wasOomKilled: async (id, cut) => await source.wasOomKilled?.(id, cut) ?? "unknown",
      signal,
    });
    this.#checks = new StateChecks({
      source,
      ledger,
      notes,
      isWaiting: (containerId) => this.#lanes.isWaiting(containerId),
      tell,
      signal,
    });
    const forget = source.onNote?.((note) => this.#note(note));
    this.#run().catch(this.#ready.reject).finally(() => forget?.());
  }

  async #run(): Promise<void> {
    const signal = this.#signal;
    const backoff = new Backoff();
    let error: unknown;
    while (!signal.aborted) {
      const cut = new AbortController();
      const abort = () => cut.abort();
      signal.addEventListener("abort", abort, { once: true });
      const fail = (reason: unknown) => {
        error ??= reason;
        abort();
      };
      let isLive = false;
      const live = () => {
        isLive = true;
        backoff.reset();
        this.#live(cut).catch(fail);
      };
      const event = (event: ContainerEvent, exit?: ExitStatus) => {
        if (this.#early?.length === EARLY_LIMIT) fail(unavailable("too much happens meanwhile"));
        else this.#take(event, exit);
      };
      try {
        await this.#source.subscribe({ live, event }, cut.signal);
      } catch (reason) {
        error ??= reason;
      }
      signal.removeEventListener("abort", abort);
      abort();
      if (signal.aborted) break;
      // Whoever could not be reached at all is told of as an error.
      if (this.#early) throw error ?? unavailable("the subscription ended before it was live");
      error = undefined;
      this.#checks.pause();
      if (isLive) this.#queue.push(now("disconnected"));
      await backgroundDelay(backoff.next(), signal);
    }
    this.#ready.reject(error ?? signal.reason);
  }

  async #live(cut: AbortController): Promise<void> {
    if (this.#early) {
      const tasks = await this.#tasks(cut.signal).catch((reason: unknown) => {
        throw isContainerError(reason) ? reason : unavailable("the tasks are not listed", reason);
      });
      this.#ledger.adopt(tasks);
      const early = this.#early;
      this.#early = undefined;
      for (const { event, exit } of early) this.#take(event, exit);
      await this.#checks.resume(() => Promise.resolve(tasks));
      this.#ready.resolve();
      return;
    }
    this.#queue.push(now("connected"));
    await this.#checks.resume(() => this.#listTasks(cut.signal));
  }

  /** All tasks, from a daemon that may need a moment. */
  async #listTasks(signal: AbortSignal): Promise<readonly TaskState[] | undefined> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        return await this.#tasks(signal);
      } catch {
        await backgroundDelay(backoff.next(), signal);
      }
    }
    return undefined;
  }

  #tasks(signal: AbortSignal): Promise<readonly TaskState[]> {
    return withinBudget((cut) => this.#source.listTasks(cut), LIST_MS, signal);
  }

  #take(event: ContainerEvent, exit: ExitStatus | undefined): void {
    if (this.#early) this.#early.push({ event, exit });
    else this.#lanes.push(event, exit);
  }

  #note(note: ProcessNote): void {
    const { containerId, processId, pid } = note;
    if (this.#ledger.find(containerId)?.hasEnded(processId, pid)) return;
    this.#notes.add(note);
    this.#checks.noted(note);
  }

  #tell(event: ContainerEvent): void {
    this.#queue.push(event);
    this.#checks.told(event);
    this.#notes.told(event);
  }
}
