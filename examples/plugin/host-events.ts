import type { ContainerEvent, EventBase, EventStream, RuntimeEvent } from "../../src/mod.ts";

/** How many events a reader may be behind by; those beyond are lost to it, and it is told so. */
const LIMIT = 4096;

/** Whoever is told, at a pace of their own: nobody who reads slowly keeps others waiting. */
class Subscriber {
  readonly stream: ReadableStream<RuntimeEvent>;
  #controller: ReadableStreamDefaultController<RuntimeEvent> | undefined;
  #missed = 0;

  constructor(onCancel: () => void) {
    this.stream = new ReadableStream<RuntimeEvent>({
      start: (controller) => void (this.#controller = controller),
      // There is room again: what is read next is that events are missing here.
      pull: (controller) => {
        if (this.#missed === 0) return;
        controller.enqueue({ type: "gap", timestamp: new Date(), missed: this.#missed });
        this.#missed = 0;
      },
      cancel: onCancel,
    }, { highWaterMark: LIMIT });
  }

  tell(event: ContainerEvent): void {
    const room = this.#controller?.desiredSize ?? 0;
    if (room > 0 && this.#missed === 0) this.#controller?.enqueue(event);
    else this.#missed++;
  }

  end(): void {
    this.#controller?.close();
  }
}

/** Tells every subscriber of everything that happens, in the order in which it does. */
export class HostEvents {
  readonly #subscribers = new Set<Subscriber>();
  #keeper: ReturnType<typeof setInterval> | undefined;

  /** Tells of an event. */
  emit(event: ContainerEvent): void {
    for (const subscriber of this.#subscribers) subscriber.tell(event);
  }

  /** Subscribes, until the signal aborts, the stream is disposed or its reader leaves the loop. */
  subscribe(signal: AbortSignal): EventStream {
    const forget = () => {
      signal.removeEventListener("abort", end);
      return this.#remove(subscriber);
    };
    const end = () => {
      if (forget()) subscriber.end();
    };
    const subscriber = new Subscriber(() => void forget());
    const { stream } = subscriber;
    this.#add(subscriber);
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
