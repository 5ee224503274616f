import type { ErrorCode } from "../../src/errors.ts";
import { ActiveFault, type Fault } from "./fault.ts";
import { type CallMatch, isAbout, isLikely } from "./fault-options.ts";
import type { Random } from "./random.ts";
import type { Subject } from "./refusal.ts";

/** What becomes of one call. */
export interface CallEffect {
  /** What the client sees. */
  readonly kind: "fail" | "hang" | "break";
  /** Whether the work is done nevertheless. */
  readonly work: "done" | "undone";
  /** The kind of the error of one that fails. */
  readonly code: ErrorCode;
  /** Calls once the fault is lifted; gives what takes the call back. */
  onLifted(go: () => void): () => void;
}

interface Entry {
  readonly match: CallMatch;
  readonly fault: ActiveFault;
  readonly effect: CallEffect;
  readonly held: Set<() => void>;
}

/** The faults of calls on a host. */
export class CallFaults {
  readonly #entries = new Set<Entry>();
  readonly #random: Random;

  /** @param random Decides about faults that do not strike each time. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds one. */
  add(match: CallMatch, what: Pick<CallEffect, "kind" | "work" | "code">): Fault {
    const held = new Set<() => void>();
    const fault = new ActiveFault(`${what.kind} calls`, () => {
      this.#entries.delete(entry);
      for (const go of [...held]) go();
      held.clear();
    });
    const onLifted = (go: () => void) => {
      if (fault.isActive) held.add(go);
      else go();
      return () => void held.delete(go);
    };
    const entry: Entry = { match, fault, effect: { ...what, onLifted }, held };
    this.#entries.add(entry);
    return fault;
  }

  /** What becomes of a call; `undefined` for what it was meant to. */
  strike(plugin: string, subject: Subject): CallEffect | undefined {
    for (const { match, fault, effect } of this.#entries) {
      if (fault.count >= (match.times ?? Infinity)) continue;
      if (!isAbout(match, plugin, subject) || !isLikely(match, this.#random)) continue;
      fault.strike();
      // One that hangs lifts itself only when it lets its calls go.
      if (fault.count >= (match.times ?? Infinity) && effect.kind === "fail") fault.lift();
      return effect;
    }
    return undefined;
  }

  /** Lifts all. */
  lift(): void {
    for (const { fault } of [...this.#entries]) fault.lift();
  }
}
