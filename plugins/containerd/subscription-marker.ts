import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { create } from "@bufbuild/protobuf";
import type { Envelope } from "../../proto/gen/containerd/types/event_pb.ts";
import { packBare } from "./any.ts";
import { backgroundDelay } from "../../src/delay.ts";
import type { Session } from "./session.ts";

/** How long the echo is waited for before the marker is published again, in milliseconds. */
const RETRY_MS = 25;

/**
 * Proves that a subscription is live. containerd tells a subscriber nothing when it has taken it
 * in, so what happens right after the call may be missed: a marker is published until it comes back.
 */
export class SubscriptionMarker {
  readonly #session: Session;
  readonly #topic = `/libcontainerd/ready/${crypto.randomUUID()}`;
  readonly #stop = new AbortController();

  /** @param session Where to publish. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Lets the marker through a subscription's filters. */
  get filter(): string {
    return `namespace=="${this.#session.options.namespace}",topic=="${this.#topic}"`;
  }

  /** Whether an event is the marker, for the first time; it is then no longer published. */
  matches({ topic }: Envelope): boolean {
    if (topic !== this.#topic || this.#stop.signal.aborted) return false;
    this.stop();
    return true;
  }

  /** Publishes the marker until it is seen; rejects if that fails, unless nobody waits for it. */
  async publish(signal: AbortSignal): Promise<void> {
    const event = packBare(EmptySchema, create(EmptySchema));
    const { signal: stopped } = this.#stop;
    try {
      while (!signal.aborted && !stopped.aborted) {
        await this.#session.events.publish(
          { topic: this.#topic, event },
          this.#session.rpcOptions(stopped),
        );
        await backgroundDelay(RETRY_MS, stopped);
      }
    } catch (error) {
      if (!stopped.aborted) throw error;
    }
  }

  /** Ends the publishing. */
  stop(): void {
    this.#stop.abort();
  }
}
