import type { ContainerEvent, EventStream, RuntimeEvent } from "../../src/events.ts";

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

  private constructor(stream: EventStream) {
    this.#stream = stream;
    this.ended = this.#read();
    this.ended.catch(() => {}); // told by `until` and by whoever awaits it
  }

  /** Begins to read, once the stream is live. */
  static async open(stream: EventStream): Promise<EventLog> {
    await stream.ready;
    return new EventLog(stream);
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

  /** The first event that matches, of those read and those to come. */
  until(matches: (event: RuntimeEvent) => boolean): Promise<RuntimeEvent> {
    const known = this.#events.find(matches);
    if (known) return Promise.resolve(known);
    const waiter: Waiter = { matches, found: Promise.withResolvers() };
    this.#waiters.add(waiter);
    return waiter.found.promise;
  }

  /** Waits for an event of a container, by its type and, where one is given, its process. */
  untilType(
    containerId: string,
    type: ContainerEvent["type"],
    processId?: string,
  ): Promise<RuntimeEvent> {
    return this.until((event) =>
      event.type === type && "containerId" in event && event.containerId === containerId &&
      (processId === undefined || ("processId" in event && event.processId === processId))
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
