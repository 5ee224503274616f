import type { RuntimeEvent } from "../../../src/events.ts";
import { floodIndex } from "./flood-event.ts";

/** What a subscriber of a flood has read. */
export interface FloodReport {
  /** How many events of the flood. */
  readonly events: number;
  /** How many gaps. */
  readonly gaps: number;
  /** How many events these stand for. */
  readonly missed: number;
  /** How many came where another one was due. */
  readonly disorders: number;
  /** Up to where it has read. */
  readonly position: number;
}

/** Follows what one subscriber reads: each event has its place, and a gap is as long as it says. */
export class FloodReader implements FloodReport {
  events = 0;
  gaps = 0;
  missed = 0;
  disorders = 0;
  position = 0;

  /** Takes what was read. */
  take(event: RuntimeEvent): void {
    if (event.type === "gap") {
      this.gaps++;
      this.missed += event.missed;
      this.position += event.missed;
      return;
    }
    this.events++;
    const index = floodIndex(event);
    if (index !== this.position) this.disorders++;
    this.position = index + 1;
  }
}
