import assert from "node:assert/strict";
import type { RecordedEvents } from "../events/support/recorded-events.ts";
import { disordersOf, livesOf } from "./lives.ts";
import type { Load } from "./load.ts";

/**
 * Waits until everything has ended that was started, and checks that it is told once, in order, and
 * that `wait()` knew how. To be called when the load is stopped.
 */
export async function assertLives(events: RecordedEvents, load: Load): Promise<void> {
  const started = [...load.ends.keys()];
  assert.ok(started.length > 0, "nothing was started");
  const unended = () => {
    const lives = livesOf(events.all);
    const known = [...lives].filter(([, { starts, exits }]) => exits < starts).map(([id]) => id);
    return [...new Set([...known, ...started.filter((id) => !lives.get(id)?.exits)])];
  };
  await events.holds(() => `the ends of ${unended()}`, () => unended().length === 0);
  assert.deepEqual(disordersOf(events.all), []);
  const lives = livesOf(events.all);
  for (const name of started) assert.deepEqual(lives.get(name), { starts: 1, exits: 1 }, name);
  assert.deepEqual(await load.wrongEnds(), []);
}
