import type { EventSink } from "../../src/event-source.ts";
import type { ContainerEvent } from "../../src/events.ts";
import type { ExitStatus } from "../../src/exit-status.ts";

/** An event on its way to those who subscribe. */
export interface RawEvent {
  /** What happened. */
  readonly event: ContainerEvent;
  /** How the process ended, where another event than its exit tells that, too. */
  readonly exit?: ExitStatus | undefined;
}

/** Takes an event and passes it on: not at all, once, or more often; now or later. */
export type EventFilter = (raw: RawEvent, pass: (raw: RawEvent) => void) => void;

/** Tells everybody who subscribes what happens on a host. */
export class EventBus {
  readonly #sinks = new Set<EventSink>();
  #filter: EventFilter = (raw, pass) => pass(raw);

  /** How many subscribe. */
  get subscriptions(): number {
    return this.#sinks.size;
  }

  /** Puts what disturbs the events in their way. */
  use(filter: EventFilter): void {
    this.#filter = filter;
  }

  /** Subscribes; gives what ends that. */
  add(sink: EventSink): () => void {
    this.#sinks.add(sink);
    return () => void this.#sinks.delete(sink);
  }

  /** Tells of an event. */
  publish(event: ContainerEvent, exit?: ExitStatus): void {
    this.#filter({ event, exit }, (raw) => {
      for (const sink of [...this.#sinks]) sink.event(raw.event, raw.exit);
    });
  }
}
