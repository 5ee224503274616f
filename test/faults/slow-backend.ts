import { setTimeout as sleep } from "node:timers/promises";
import { eventLine } from "../events/support/event-line.ts";
import type { Backend } from "../../src/event-hub.ts";
import type { ContainerEvent } from "../../src/events.ts";

/** How long the first handlers of a container take, in milliseconds; the next ones are faster. */
const LONGEST_MS = 3;

/**
 * Handles events, each for a while: handlers that did not wait for the one before would overtake
 * it, and be found to.
 */
export class SlowBackend implements Backend {
  readonly #busy = new Set<string>();
  readonly #overlaps: string[] = [];
  readonly #lines = new Map<string, string[]>();
  #count = 0;

  /** How many events are handled. */
  get count(): number {
    return this.#count;
  }

  /** What came while another event of the same container was handled, in short. */
  get overlaps(): readonly string[] {
    return this.#overlaps;
  }

  /** What was handled of a container, in short, in the order in which it was done. */
  of(containerId: string): readonly string[] {
    return this.#lines.get(containerId) ?? [];
  }

  /** Takes a moment for an event. */
  async processEvent(containerId: string, _type: string, event: ContainerEvent): Promise<void> {
    if (this.#busy.has(containerId)) this.#overlaps.push(eventLine(event));
    this.#busy.add(containerId);
    const lines = this.#lines.get(containerId) ?? [];
    this.#lines.set(containerId, lines);
    await sleep(Math.max(0, LONGEST_MS - lines.length));
    lines.push(eventLine(event));
    this.#busy.delete(containerId);
    this.#count++;
  }
}
