import type { ContainerEvent, EventStream, RuntimeEvent } from "../../src/events.ts";
import { withinTime } from "./time-limit.ts";

/** How long an event is waited for, in milliseconds. */
const BUDGET_MS = 60_000;

/** How a log is kept. */
export interface EventLogOptions {
  /** How long an event is waited for, in milliseconds. Default: 60 000. */
  readonly budgetMs?: number;
}

interface Waiter {
  readonly matches: (event: RuntimeEvent) => boolean;
  readonly found: PromiseWithResolvers<RuntimeEvent>;
}

/** Reads a stream of events in the background and keeps all of them. */
export class EventLog implements AsyncDisposable {
  /** Resolves when the stream has ended; rejects if it ended with an error. */
  readonly ended: Promise<void>;
  readonly #stream: EventStream;
  readonly #events: RuntimeEvent[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #budgetMs: number;

  private constructor(stream: EventStream, { budgetMs = BUDGET_MS }: EventLogOptions) {
    this.#stream = stream;
    this.#budgetMs = budgetMs;
    this.ended = this.#read();
    this.ended.catch(() => {}); // told by `until` and by whoever awaits it
  }

  /** Begins to read, once the stream is live. */
  static async open(stream: EventStream, options: EventLogOptions = {}): Promise<EventLog> {
    await stream.ready;
    return new EventLog(stream, options);
  }

  /** What was read so far, of one container. */
  of(containerId: string): readonly ContainerEvent[] {
    return this.#events.filter((event): event is ContainerEvent =>
      "containerId" in event && event.containerId === containerId
    );
  }

  /** What was read so far, of one container, as `type` or `type process`. */
  types(containerId: string): readonly string[] {
    return this.of(containerId).map((event) =>
      "processId" in event ? `${event.type} ${event.processId}` : event.type
    );
  }

  /**
   * The first event that matches, of those read and those to come.
   *
   * @param missing Says what was told in its place, once the time is over.
   */
  async until(
    matches: (event: RuntimeEvent) => boolean,
    missing: () => string = () => this.#events.map(({ type }) => type).join(", "),
  ): Promise<RuntimeEvent> {
    const known = this.#events.find(matches);
    if (known) return known;
    const waiter: Waiter = { matches, found: Promise.withResolvers() };
    this.#waiters.add(waiter);
    const budgetMs = this.#budgetMs;
    const message = () => `No such event within ${budgetMs} ms: ${missing()}`;
    try {
      return await withinTime(waiter.found.promise, { budgetMs, message });
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Waits for an event of a container, by its type and, where one is given, its process. */
  untilType(
    containerId: string,
    type: ContainerEvent["type"],
    processId?: string,
  ): Promise<RuntimeEvent> {
    const told = () => this.types(containerId).join(", ") || "nothing";
    return this.until(
      (event) =>
        event.type === type && "containerId" in event && event.containerId === containerId &&
        (processId === undefined || ("processId" in event && event.processId === processId)),
      () => `"${type}" of "${processId ?? "init"}" in container "${containerId}", but ${told()}`,
    );
  }

  /** Ends the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
    await this.ended;
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.#stream) {
        this.#events.push(event);
        for (const waiter of [...this.#waiters]) {
          if (!waiter.matches(event)) continue;
          this.#waiters.delete(waiter);
          waiter.found.resolve(event);
        }
      }
    } finally {
      for (const { found } of this.#waiters) found.reject(new Error("The stream has ended"));
    }
  }
}
