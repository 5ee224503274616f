import type { Runtime } from "../../../src/runtime.ts";
import type { CallEntry, EventEntry } from "../recording.ts";
import type { Cast } from "./cast.ts";
import { eventDifferences } from "./compare.ts";
import type { Endings } from "./endings.ts";
import { causeOf, type Future, identityOf } from "./future.ts";
import type { Handles } from "./handles.ts";
import type { Outage } from "./outage.ts";
import type { Patience } from "./patience.ts";
import type { ReplayDifference, ReplayedEvent } from "./result.ts";
import { Subscription } from "./subscription.ts";

/** What {@linkcode Events} needs. */
export interface EventsOptions {
  /** What was recorded. */
  readonly future: Future;
  /** What runs. */
  readonly cast: Cast;
  /** Does what others did. */
  readonly handles: Handles;
  /** Ends what they tell the end of. */
  readonly endings: Endings;
  /** When there is no connection. */
  readonly outage: Outage;
  /** How long is waited. */
  readonly patience: Patience;
  /** How many calls were made so far that may have brought an event about. */
  readonly callsOf: (method: CallEntry["method"], event: EventEntry) => number;
}

/** The streams of events of a replay. */
export class Events {
  /** What they brought. */
  readonly told: ReplayedEvent[] = [];
  readonly #options: EventsOptions;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #counts = new Map<string, number>();
  /** How often others have done what an event tells. */
  readonly #outside = new Map<string, number>();

  /** @param options What was recorded, and what takes part. */
  constructor(options: EventsOptions) {
    this.#options = options;
  }

  /** How many streams there were. */
  get size(): number {
    return this.#subscriptions.size;
  }

  /** Where what they brought is not what was recorded. */
  get differences(): readonly ReplayDifference[] {
    const { entries, hasDropped: isCut } = this.#options.future;
    return eventDifferences(entries, this.told, { isCut });
  }

  /** Subscribes; resolves once that is live. */
  async subscribe({ call }: CallEntry, runtime: Runtime, signal: AbortSignal): Promise<void> {
    const reads = this.#options.future.readsOf(call);
    const subscription = new Subscription(call, runtime.events({ signal }), reads, this.told);
    this.#subscriptions.set(call, subscription);
    await subscription.ready;
  }

  /** Ends one stream, or all. */
  async close(call?: number): Promise<void> {
    const closed = [...this.#subscriptions].filter(([each]) => call === undefined || call === each);
    await Promise.allSettled(closed.map(([, subscription]) => subscription.close()));
  }

  /** Has an event come, as far as it does: brings about what it tells. */
  async play(entry: EventEntry): Promise<void> {
    const { endings, outage, patience } = this.#options;
    const { event, call } = entry;
    const identity = identityOf(event);
    const key = `${call} ${identity}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    const { type } = event;
    if (type === "disconnected") outage.begin(entry.seq);
    else if (type === "connected") outage.end();
    else if (entry.containerId !== undefined) await this.#cause(entry, count);
    endings.release(event);
    const subscription = this.#subscriptions.get(call);
    // Nothing brings a gap about but a reader that is slow.
    if (subscription && type !== "gap") {
      await patience.within(subscription.brought(identity, count));
    }
  }

  /** Brings about what an event tells, unless a call, or an earlier entry, has done so. */
  async #cause(entry: EventEntry, count: number): Promise<void> {
    const { callsOf, cast, endings, future, handles, patience } = this.#options;
    const { containerId = "", processId = "init", event } = entry;
    const whom = { containerId, processId };
    const { type } = event;
    const puppet = cast.withPid(whom, event["pid"] ?? 0);
    if (type === "exit") {
      const status = future.statusIn(entry);
      if (status) await endings.end(entry, status, puppet);
      return;
    }
    if (!cast.isScripted) return;
    if (type === "oom") return endings.exhaust(containerId, puppet);
    const method = causeOf(type);
    const identity = identityOf(event);
    const outside = this.#outside.get(identity) ?? 0;
    if (method === undefined || callsOf(method, entry) + outside >= count) return;
    this.#outside.set(identity, outside + 1);
    const outsider = await handles.outsider();
    await patience.attempt(async () => {
      switch (type) {
        case "create":
        case "exec-added":
          cast.add(whom);
          return await outsider.add(whom);
        case "start":
        case "exec-started":
          return await outsider.start(whom);
        case "delete":
          return await outsider.delete(whom);
        case "paused":
          return await outsider.freeze(whom, "pause");
        case "resumed":
          return await outsider.freeze(whom, "resume");
        default: // a checkpoint needs a folder
      }
    });
  }
}
