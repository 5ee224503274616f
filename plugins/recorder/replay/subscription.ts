import type { EventStream, RuntimeEvent } from "../../../src/events.ts";
import type { ExitStatus } from "../../../src/exit-status.ts";
import { withoutMissing } from "../arguments.ts";
import type { RecordedObject } from "../recording.ts";
import { identityOf } from "./future.ts";
import type { ReplayedEvent } from "./result.ts";

/** A stream of events of a replay, which is read as fast as it comes. */
export class Subscription {
  readonly #counts = new Map<string, number>();
  readonly #stream: EventStream;
  readonly #wakes = new Set<() => void>();

  /**
   * @param call The call that subscribed.
   * @param reads How often its reader took what, before it turned away.
   * @param told Gets what it brings, with that of all others.
   */
  constructor(
    call: number,
    stream: EventStream,
    reads: ReadonlyMap<string, number> | undefined,
    told: ReplayedEvent[],
  ) {
    this.#stream = stream;
    this.#read((event) => {
      const identity = identityOf(event);
      if (reads && this.#count(identity) >= (reads.get(identity) ?? 0)) return;
      this.#counts.set(identity, this.#count(identity) + 1);
      told.push({ call, event });
    });
  }

  /** Resolves once it is live. */
  get ready(): Promise<void> {
    return this.#stream.ready;
  }

  /** Resolves once it has brought so many events that are alike; never if it does not. */
  async brought(identity: string, count: number): Promise<void> {
    while (this.#count(identity) < count) {
      await new Promise<void>((resolve) => this.#wakes.add(resolve));
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }

  #count(identity: string): number {
    return this.#counts.get(identity) ?? 0;
  }

  async #read(take: (event: RecordedObject) => void): Promise<void> {
    try {
      for await (const event of this.#stream) {
        take(plain(event));
        for (const wake of this.#wakes) wake();
        this.#wakes.clear();
      }
    } catch {
      // Whoever waits for it to be ready is told.
    }
  }
}

/** Leaves out times of this machine, by which two replays would differ. */
function plain(event: RuntimeEvent): RecordedObject {
  const { timestamp, ...more } = event;
  const isOfHost = "source" in event && event.source === "observed";
  const status = "status" in event ? { status: plainStatus(event.status) } : {};
  return withoutMissing({ ...more, ...status, ...(isOfHost && { timestamp }) });
}

/** How a process ended, without times of this machine. */
export function plainStatus(status: ExitStatus): RecordedObject {
  const { state } = status;
  return withoutMissing(state === "lost" ? { state, reason: status.reason } : { ...status });
}
