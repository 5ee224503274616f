import type { MemoryClock } from "./clock.ts";
import type { EventFilter, RawEvent } from "./event-bus.ts";
import { ActiveFault, type Fault } from "./fault.ts";
import { type EventMatch, isLikely } from "./fault-options.ts";
import type { Random } from "./random.ts";

/** What becomes of an event: what is to be done now, and once others have passed. */
interface Entry {
  readonly match: EventMatch;
  readonly fault: ActiveFault;
  readonly held: Set<() => void>;
  readonly act: (raw: RawEvent, pass: () => void, entry: Entry) => void;
}

/** The faults of events on a host. */
export class EventFaults {
  readonly #entries = new Set<Entry>();
  readonly #random: Random;
  readonly #clock: MemoryClock;
  #overtaken: (() => void)[] = [];

  /** @param random Decides about faults that do not strike each time. */
  constructor(random: Random, clock: MemoryClock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many events are held back. */
  get held(): number {
    return [...this.#entries].reduce((sum, { held }) => sum + held.size, 0);
  }

  /** Loses events. */
  drop(match: EventMatch): Fault {
    return this.#add("drop events", match, () => {});
  }

  /** Tells events twice. */
  duplicate(match: EventMatch): Fault {
    return this.#add("duplicate events", match, (_, pass) => {
      pass();
      pass();
    });
  }

  /** Tells events later. */
  delay(match: EventMatch, delayMs: number): Fault {
    return this.#add(
      "delay events",
      match,
      (_, pass, entry) => void this.#hold(entry, pass, delayMs),
    );
  }

  /** Tells events after the next one, at the latest when their time is over. */
  reorder(match: EventMatch, withinMs: number): Fault {
    return this.#add("reorder events", match, (_, pass, entry) => {
      this.#overtaken.push(this.#hold(entry, pass, withinMs));
    });
  }

  /** Passes an event on as the faults will have it; the first that is about it counts. */
  readonly filter: EventFilter = (raw, pass) => {
    const overtaken = this.#overtaken;
    this.#overtaken = [];
    const go = () => pass(raw);
    const entry = this.#strike(raw);
    if (entry) entry.act(raw, go, entry);
    else go();
    for (const release of overtaken) release();
    const { times = Infinity } = entry?.match ?? {};
    if (entry && entry.held.size === 0 && entry.fault.count >= times) entry.fault.lift();
  };

  /** Lifts all. */
  lift(): void {
    for (const { fault } of [...this.#entries]) fault.lift();
  }

  #add(name: string, match: EventMatch, act: Entry["act"]): Fault {
    const held = new Set<() => void>();
    const fault = new ActiveFault(name, () => {
      this.#entries.delete(entry);
      for (const release of [...held]) release();
    });
    const entry: Entry = { match, fault, held, act };
    this.#entries.add(entry);
    return fault;
  }

  #strike(raw: RawEvent): Entry | undefined {
    for (const entry of this.#entries) {
      const { match, fault } = entry;
      if (fault.count >= (match.times ?? Infinity)) continue;
      if (match.matches && !match.matches(raw.event)) continue;
      if (!isLikely(match, this.#random)) continue;
      fault.strike();
      return entry;
    }
    return undefined;
  }

  /** Holds an event back; gives what lets it go, once. */
  #hold(entry: Entry, pass: () => void, delayMs: number): () => void {
    const { held, fault, match: { times = Infinity } } = entry;
    const release = () => {
      if (!held.delete(release)) return;
      cancel();
      pass();
      if (held.size === 0 && fault.count >= times) fault.lift();
    };
    held.add(release);
    const cancel = delayMs === Infinity ? () => {} : this.#clock.after(delayMs, release);
    return release;
  }
}
