import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Envelope, EnvelopeSchema } from "../../proto/gen/containerd/types/event_pb.ts";
import { eventFilter, type Filtered } from "./event-filter.ts";
import type { FakeEvent } from "./task-event.ts";

interface Subscription {
  readonly passes: (event: Filtered) => boolean;
  waiting: Envelope[];
  wake: () => void;
  end: { readonly error: unknown } | undefined;
}

/** The subscriptions of a daemon, and what they are told. */
export class FakeSubscriptions {
  readonly #open = new Set<Subscription>();

  /** How many there are. */
  get count(): number {
    return this.#open.size;
  }

  /** Tells an event to those whose filters let it pass. */
  publish(namespace: string, told: FakeEvent): void {
    const { topic, event } = told;
    const timestamp = timestampFromDate(told.timestamp);
    const envelope = create(EnvelopeSchema, { namespace, topic, event, timestamp });
    for (const subscription of this.#open) {
      if (!subscription.passes({ namespace, topic })) continue;
      subscription.waiting.push(envelope);
      subscription.wake();
    }
  }

  /** Ends all of them: with an error, or, without one, as if all had been told. */
  drop(error?: unknown): void {
    for (const subscription of this.#open) {
      subscription.end = { error };
      subscription.wake();
    }
    this.#open.clear();
  }

  /** A subscription; it takes part as soon as it is read. */
  async *subscribe(filters: readonly string[], signal: AbortSignal): AsyncGenerator<Envelope> {
    const subscription: Subscription = {
      passes: eventFilter(filters),
      waiting: [],
      wake: () => {},
      end: undefined,
    };
    const wake = () => subscription.wake();
    this.#open.add(subscription);
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const { waiting } = subscription;
        subscription.waiting = [];
        yield* waiting;
        if (subscription.waiting.length > 0 || signal.aborted) continue;
        if (subscription.end) {
          if (subscription.end.error !== undefined) throw subscription.end.error;
          return;
        }
        await new Promise<void>((resolve) => subscription.wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#open.delete(subscription);
    }
  }
}
