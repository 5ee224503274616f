import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChildScript } from "../containerd/support/child-script.ts";
import { taskEvent } from "../faults/task-event.ts";
import { isStress, scale } from "../helpers/scale.ts";
import type { FloodReport } from "./support/flood-reader.ts";
import { withFake } from "./support/with-fake.ts";

/** How many events a subscriber may be behind. */
const LIMIT = 4096;

/** The pace of the daemon, as far as the subscribers follow: a little more than 10,000. */
const EVENTS_PER_SECOND = 10_500;

/** How many subscribers there are; one of them is slow. */
const SUBSCRIBERS = 100;

/**
 * How much memory the second half may take that the first one did not, in bytes: far less than its
 * containers would take if they were all remembered.
 */
const GROWTH_BYTES = 8 * 1024 * 1024;

/** When a flood that hangs is ended, in milliseconds. */
const HANG_MS = 320_000;

const script = new URL("support/flood-run.ts", import.meta.url);

/** What a flood says at its end. */
interface Outcome {
  /** The first one is the slow one. */
  readonly readers: readonly FloodReport[];
  /** How much the slow one still got at the end. */
  readonly rest: number;
  /** How much memory the subscribers took in the second half. */
  readonly grownBytes: number;
  /** How long it took to tell all. */
  readonly seconds: number;
  /** How often the daemon waited for subscribers. */
  readonly waits: number;
  /** How many events the last of them was behind at most. */
  readonly mostBehind: number;
}

async function flood(clients: number, total: number): Promise<Outcome> {
  const args = [clients, SUBSCRIBERS, total, EVENTS_PER_SECOND].map(String);
  const child = new ChildScript(script, args, { hangMs: HANG_MS });
  const { code, lines, stderr } = await child.ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(lines.at(-1) ?? "") as Outcome;
}

function show(clients: number, total: number, outcome: Outcome): void {
  const { readers: [slow], seconds, waits, mostBehind, grownBytes } = outcome;
  console.log(
    `${total} events to ${SUBSCRIBERS} subscribers of ${clients} clients in ` +
      `${seconds.toFixed(2)} s: ${Math.round(total / seconds)}/s; at most ${mostBehind} behind, ` +
      `${waits} waits; the slow one missed ${slow?.missed} in ${slow?.gaps} gaps; memory grew by ` +
      `${grownBytes} bytes`,
  );
}

describe("events() in a flood", () => {
  const total = scale(6_000, 100_000);

  for (const clients of [1, 4]) {
    it(`events() of ${clients} clients give ${total} events to 99 readers, and gaps to a slow one`, async () => {
      const outcome = await flood(clients, total);
      if (isStress) show(clients, total, outcome);
      const { readers: [slow, ...others], rest, grownBytes } = outcome;
      const whole = { events: total, gaps: 0, missed: 0, disorders: 0, position: total };
      assert.deepEqual(others, Array.from({ length: SUBSCRIBERS - 1 }, () => whole));

      // What it missed is where its gaps are, as much as they say, and there is nothing else.
      assert.ok(slow !== undefined && slow.gaps > 0);
      assert.deepEqual([slow.disorders, slow.position], [0, total]);
      assert.equal(slow.events + slow.missed, total);
      assert.ok(rest <= LIMIT + 2, `${rest} events were kept for the slow one`);
      // Several clients first take what each of them may remember, which is more than that.
      if (clients === 1) assert.ok(grownBytes < GROWTH_BYTES, `${grownBytes} bytes more`);
    });
  }

  it("events() goes on after a gap", async () => {
    await withFake(async ({ fake, client, events }) => {
      const silent = client.events();
      await silent.ready;
      for (let i = 1; i <= LIMIT + 10; i++) fake.emit(taskEvent.create(`c${i}`, i));
      // Whoever reads is told of all, even if it has to catch up.
      await events.until(`create c${LIMIT + 10}`);
      const reader = silent[Symbol.asyncIterator]();
      for (let i = 1; i <= LIMIT; i++) {
        const { value } = await reader.next();
        assert.equal(value?.type, "create");
      }
      assert.equal((await reader.next()).value?.type, "gap");
      fake.emit(taskEvent.create("more", 1));
      const { value } = await reader.next();
      assert.deepEqual([value?.type, value && "containerId" in value && value.containerId], [
        "create",
        "more",
      ]);
      await silent[Symbol.asyncDispose]();
    });
  });
});
