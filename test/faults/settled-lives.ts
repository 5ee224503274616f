import assert from "node:assert/strict";
import type { RecordedEvents } from "../events/support/recorded-events.ts";
import { disordersOf, livesOf } from "./lives.ts";

/** Waits until everything of these containers has ended that was started, and checks the order. */
export async function settledLives(
  events: RecordedEvents,
  ...containerIds: readonly string[]
): Promise<void> {
  const isTheirs = (name: string) => containerIds.some((id) => name.startsWith(`${id}/`));
  const unended = () =>
    [...livesOf(events.all)].filter(([name, { starts, exits }]) => isTheirs(name) && exits < starts)
      .map(([name]) => name);
  await events.holds(() => `the ends of ${unended()}`, () => unended().length === 0);
  assert.deepEqual(disordersOf(events.all), []);
}
