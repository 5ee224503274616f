import { EventQueue } from "./event-queue.ts";
import type { EventStream, RuntimeEvent } from "./events.ts";

/** A bounded queue of events, in which a `gap` stands for what its reader was too slow for. */
export function eventQueue(onReturn: () => void): EventQueue<RuntimeEvent> {
  return new EventQueue<RuntimeEvent>({
    gap: (missed) => ({ type: "gap", timestamp: new Date(), missed }),
    weigh: (event) => event.type === "gap" ? event.missed : 1,
    onReturn,
  });
}

/** What {@linkcode queuedEvents} takes beside the queue. */
export interface QueuedEventsOptions {
  /** Resolves when there may be something to read; a rejection is that of the first reads, too. */
  readonly live: Promise<void>;
  /** What the stream says of that. Default: `live`. */
  readonly ready?: Promise<void>;
  /** Once aborted, what `live` rejects with is no error: the stream just ends. */
  readonly signal?: AbortSignal | undefined;
}

/** A stream of what comes to a queue. */
export function queuedEvents(
  queue: EventQueue<RuntimeEvent>,
  { live, ready = live, signal }: QueuedEventsOptions,
): EventStream {
  let isLive = false;
  live.then(() => isLive = true, () => {});
  const first = async () => {
    await live.catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
    return await queue.next();
  };
  return {
    ready,
    // Each promise less counts: many may read thousands of events a second.
    [Symbol.asyncIterator]: () => ({
      next: () => isLive ? queue.next() : first(),
      return: () => queue.return(),
    }),
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}
