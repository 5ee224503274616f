import type { RuntimeEvent } from "../../../src/events.ts";
import { type FakeEvent, taskEvent } from "../../faults/task-event.ts";

/** A flood is of containers that live one after the other; these are the events of each. */
const LIFE = ["create", "start", "exit", "delete"] as const;

/** An event of a flood, by its place in it. */
export function floodEvent(index: number): FakeEvent {
  const pid = Math.floor(index / LIFE.length) + 1;
  const type = LIFE[index % LIFE.length] ?? "create";
  return taskEvent[type](`c${pid}`, pid);
}

/** The place of an event in a flood; NaN if it is of none. */
export function floodIndex(event: RuntimeEvent): number {
  if (!("containerId" in event)) return NaN;
  const part = LIFE.findIndex((type) => type === event.type);
  return part < 0 ? NaN : (Number(event.containerId.slice(1)) - 1) * LIFE.length + part;
}
