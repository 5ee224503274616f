import type { ContainerEvent, EventBase, EventStream } from "../../src/mod.ts";

type Subscriber = ReadableStreamDefaultController<ContainerEvent>;

/** Tells every subscriber of everything that happens, in the order in which it does. */
export class HostEvents {
  readonly #subscribers = new Set<Subscriber>();
  #keeper: ReturnType<typeof setInterval> | undefined;

  /** Tells of an event. */
  emit(event: ContainerEvent): void {
    for (const subscriber of this.#subscribers) subscriber.enqueue(event);
  }

  /** Subscribes, until the signal aborts, the stream is disposed or its reader leaves the loop. */
  subscribe(signal: AbortSignal): EventStream {
    let own: Subscriber | undefined;
    const forget = () => {
      signal.removeEventListener("abort", end);
      return own !== undefined && this.#remove(own);
    };
    const end = () => {
      if (forget()) own?.close();
    };
    // A stream queues what is not read yet: nobody who reads slowly keeps others waiting.
    const stream = new ReadableStream<ContainerEvent>({
      start: (subscriber) => {
        own = subscriber;
        this.#add(subscriber);
      },
      cancel: () => void forget(),
    });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    return {
      // Live at once: there is no connection to be made.
      ready: Promise.resolve(),
      [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
      [Symbol.asyncDispose]: () => Promise.resolve(end()),
    };
  }

  // Whoever waits for events keeps this program alive until the subscription ends.
  #add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    this.#keeper ??= setInterval(() => {}, 2 ** 30);
  }

  #remove(subscriber: Subscriber): boolean {
    const isRemoved = this.#subscribers.delete(subscriber);
    if (this.#subscribers.size === 0) {
      clearInterval(this.#keeper);
      this.#keeper = undefined;
    }
    return isRemoved;
  }
}

/** What all events of a container have. */
export function about(containerId: string): EventBase {
  return { containerId, timestamp: new Date(), source: "observed" };
}
