import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import type { ContainerEvent } from "../../src/events.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { ManualClock } from "../../plugins/memory/mod.ts";
import { assertExited } from "../../plugins/testing/assertions.ts";
import { EventBus, type RawEvent } from "../../plugins/memory/event-bus.ts";
import { EventFaults } from "../../plugins/memory/event-faults.ts";
import { seededRandom } from "../../plugins/memory/random.ts";
import { commandSpec, programProcess, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

/** A bus with faults, and what a subscriber is told, by the containers of the events. */
function bed() {
  const clock = new ManualClock();
  const bus = new EventBus();
  const faults = new EventFaults(seededRandom(1), clock);
  bus.use(faults.filter);
  const told: string[] = [];
  bus.add({ live: () => {}, event: ({ containerId }) => void told.push(containerId) });
  const tell = (...ids: readonly string[]) => {
    for (const containerId of ids) bus.publish(eventOf(containerId).event);
  };
  return { clock, faults, told, tell };
}

function eventOf(containerId: string): RawEvent {
  const timestamp = new Date(0);
  return { event: { type: "paused", containerId, timestamp, source: "observed" } };
}

const isB = ({ containerId }: ContainerEvent) => containerId === "b";

describe("faults of events", () => {
  it("dropEvents() loses what it is about, so often", () => {
    const { faults, told, tell } = bed();
    const fault = faults.drop({ matches: isB, times: 1 });
    tell("a", "b", "b");
    assert.deepEqual(told, ["a", "b"]);
    assert.equal(fault.isActive, false);
    assert.equal(faults.size, 0);
  });

  it("duplicateEvents() tells twice", () => {
    const { faults, told, tell } = bed();
    const fault = faults.duplicate({ matches: isB });
    tell("a", "b");
    fault.lift();
    tell("b");
    assert.deepEqual(told, ["a", "b", "b", "b"]);
  });

  it("delayEvents() tells later, by the clock or when it is lifted", async () => {
    const { clock, faults, told, tell } = bed();
    faults.delay({ matches: isB, times: 1 }, 1000);
    tell("b", "a");
    await clock.advance(999);
    assert.deepEqual(told, ["a"]);
    assert.equal(faults.held, 1);
    await clock.advance(1);
    assert.deepEqual(told, ["a", "b"]);
    assert.equal(faults.size, 0);
    const gate = faults.delay({}, Infinity);
    tell("x", "y");
    gate.lift();
    assert.deepEqual(told, ["a", "b", "x", "y"]);
  });

  it("reorderEvents() lets the next one go first, but does not wait for it without end", async () => {
    const { clock, faults, told, tell } = bed();
    const fault = faults.reorder({ matches: isB }, 10);
    tell("b", "a", "c", "b");
    assert.deepEqual(told, ["a", "b", "c"]);
    await clock.advance(10);
    assert.deepEqual(told, ["a", "b", "c", "b"]);
    tell("b");
    fault.lift();
    assert.deepEqual(told, ["a", "b", "c", "b", "b"]);
    assert.equal(faults.held, 0);
  });

  it("a fault that is likely strikes some events", () => {
    const { faults, told, tell } = bed();
    faults.drop({ probability: 0.5 });
    for (let i = 0; i < 200; i++) tell("a");
    assert.ok(told.length > 60 && told.length < 140, `${told.length} of 200 told`);
  });
});

describe("events under faults", () => {
  it("events() tells one exit of each process, whatever becomes of the raw events", async () => {
    await runOn({}, async ({ client, host }) => {
      const { faults } = host;
      const makers = [
        () => faults.duplicateEvents(),
        () => faults.dropEvents({ matches: ({ type }) => type === "exit" }),
        () => faults.reorderEvents({ withinMs: 1 }),
        () => faults.delayEvents({ delayMs: 1 }),
      ];
      for (const [index, make] of makers.entries()) {
        await withLog(client, async (log) => {
          const id = `c${index}`;
          const fault = make();
          await client.create(id, commandSpec(["sleep", "infinity"]), SHIM);
          await client.start(id);
          const exec = await client.exec(id, "x", programProcess({ does: "exit", code: 3 }));
          assertExited(await exec.wait(), 3);
          await log.untilType(id, "exit", "x");
          await client.signalProcess(id, "init", "KILL");
          await log.untilType(id, "exit", "init");
          fault.lift();
          await client.delete(id, { force: true });
          const types = log.types(id).filter((type) => /^(start|exit|exec-started)/.test(type));
          assert.deepEqual(types, ["start", "exec-started x", "exit x", "exit init"], `${index}`);
        });
      }
      const { subscriptions, heldEvents } = host.residue();
      assert.deepEqual({ subscriptions, heldEvents }, { subscriptions: 0, heldEvents: 0 });
    });
  });

  it("the raw event of a deletion tells how the process ended, too", () => {
    const bus = new EventBus();
    const told: unknown[] = [];
    bus.add({ live: () => {}, event: (_, exit) => void told.push(exit) });
    const exit = { state: "lost", reason: "none", noticedAt: new Date(0) } as const;
    bus.publish(eventOf("a").event, exit);
    bus.publish(eventOf("a").event);
    assert.deepEqual(told, [exit, undefined]);
  });

  it("events() tells of the ends that a shim took with it", async () => {
    await runOn({}, async ({ client, host }) => {
      await withLog(client, async (log) => {
        await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
        await client.start("c");
        await client.exec("c", "x", programProcess({ does: "run" }));
        host.faults.killShim("c");
        await log.untilType("c", "exit", "init");
        await log.untilType("c", "exit", "x");
        const exits = log.types("c").filter((type) => type.startsWith("exit"));
        assert.deepEqual([...exits].sort(), ["exit init", "exit x"]);
      });
    });
  });

  it("events() tells of the memory that was wanting, with the exit", async () => {
    await runOn({}, async ({ client, host }) => {
      await withLog(client, async (log) => {
        await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
        await client.start("c");
        host.faults.exhaustMemory("c");
        const exit = await log.untilType("c", "exit", "init");
        assert.ok(exit.type === "exit" && exit.status.state === "exited");
        assert.equal(exit.status.oomKilled, true);
        assert.deepEqual(log.types("c"), ["create", "start", "oom", "exit init"]);
      });
    });
  });
});

async function withLog(client: Client, use: (log: EventLog) => Promise<void>): Promise<void> {
  await disposeAfter(await EventLog.open(client.events(), { budgetMs: 20_000 }), use);
}
