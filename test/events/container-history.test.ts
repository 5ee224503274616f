import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ContainerHistory } from "../../src/container-history.ts";
import type { ContainerEvent } from "../../src/events.ts";
import { randomOf } from "../helpers/random.ts";
import { scale } from "../helpers/scale.ts";
import { perturbed, randomLife } from "./perturbed-life.ts";
import { eventsOf } from "./support/scripted-source.ts";

/**
 * Fails unless each process is started once and then ends once at most, as the events tell it.
 *
 * @param running Those that run at the end; such a one may be told of before its task.
 */
function assertOneEndEach(told: readonly ContainerEvent[], running: readonly string[]): void {
  const open = new Set<string>();
  const ended = new Set<string>();
  let state = "none";
  for (const event of told) {
    if (event.type === "create") {
      assert.equal(state, "none", "created before the one before was deleted");
      state = "created";
    } else if (event.type === "delete" && event.processId === "init") {
      const left = [...open].filter((each) => !running.includes(each));
      assert.deepEqual(left, [], "deleted before its processes have ended");
      state = "none";
    } else if (event.type === "start" || event.type === "exec-started") {
      const name = `${"processId" in event ? event.processId : "init"} ${event.pid}`;
      assert.ok(!open.has(name) && !ended.has(name), `${name} is started again`);
      if (event.type === "start") assert.equal(state, "created", "started without a task");
      open.add(name);
    } else if (event.type === "exit") {
      const name = `${event.processId} ${event.pid}`;
      assert.ok(!ended.has(name), `${name} ends again`);
      assert.ok(open.delete(name), `${name} ends before it was started`);
      ended.add(name);
    }
  }
}

function startsOf(told: readonly ContainerEvent[]): readonly string[] {
  return told.flatMap((event) => {
    if (event.type === "start") return [`init ${event.pid}`];
    return event.type === "exec-started" ? [`${event.processId} ${event.pid}`] : [];
  });
}

function endsOf(told: readonly ContainerEvent[]): readonly string[] {
  return told.flatMap((event) => event.type === "exit" ? [`${event.processId} ${event.pid}`] : []);
}

const id = "web";
const at = (ms: number) =>
  ({ containerId: id, timestamp: new Date(ms), source: "observed" }) as const;
const historyOf = () => new ContainerHistory(id, () => []);

describe("ContainerHistory", () => {
  it("apply() tells what a good wire brings as it is", () => {
    for (let seed = 1; seed <= scale(200, 5000); seed++) {
      const { events } = randomLife(randomOf(seed), id);
      const history = historyOf();
      assert.deepEqual(events.flatMap((event) => history.apply(event)), events, `seed ${seed}`);
    }
  });

  it("apply() and settle() tell one end of each start, whatever a bad wire leaves out, doubles or delays", () => {
    for (let seed = 1; seed <= scale(500, 20_000); seed++) {
      try {
        const random = randomOf(seed);
        const truth = randomLife(random, id);
        const history = historyOf();
        const told = perturbed(random, truth.events).flatMap((event) => history.apply(event));
        told.push(...history.settle(
          truth.task,
          new Map(history.openExecs.map((processId) => [processId, truth.execs.get(processId)])),
        ));
        assertOneEndEach(told, truth.running);
        const open = startsOf(told).filter((each) => !endsOf(told).includes(each));
        // One whose start was lost is not known, unless an event of its end tells of it.
        assert.deepEqual(
          open.filter((each) => !truth.running.includes(each)),
          [],
          "a process that has ended is still told to run",
        );
        for (const each of startsOf(told)) assert.ok(truth.started.includes(each), each);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error}`, { cause: error });
      }
    }
  });

  it("apply() drops an end that is told again after the deletion, however late", () => {
    const history = historyOf();
    const exit = (ms: number) =>
      ({
        ...at(ms),
        type: "exit",
        processId: "init",
        pid: 7,
        status: {
          state: "exited",
          code: 137,
          exitedAt: new Date(ms),
          oomKilled: false,
          truncated: false,
        },
      }) as const;
    const gone = (ms: number) =>
      ({ ...at(ms), type: "delete", processId: "init", pid: 7 }) as const;
    const told = [
      { ...at(1), type: "create", pid: 7 },
      { ...at(2), type: "start", pid: 7 },
      exit(3),
      gone(4),
      exit(500),
      gone(501),
      { ...at(600), type: "create", pid: 7 },
      { ...at(601), type: "start", pid: 7 },
      exit(602),
    ] satisfies readonly ContainerEvent[];
    assert.deepEqual(
      told.flatMap((event) => history.apply(event)).map(({ type }) => type),
      ["create", "start", "exit", "delete", "create", "start", "exit"],
    );
  });

  it("apply() drops a start that comes late, of a task that lived less than a millisecond", () => {
    const history = historyOf();
    const told = [
      { ...at(1), type: "delete", processId: "init", pid: 7 },
      { ...at(1), type: "start", pid: 7 },
    ] satisfies readonly ContainerEvent[];
    assert.deepEqual(
      told.flatMap((event) => history.apply(event)).map(({ type }) => type),
      ["create", "start", "exit", "delete"],
    );
  });

  it("settle() tells no second start of a further process that was told before its task", () => {
    const history = historyOf();
    const added = { ...at(1), type: "exec-added", processId: "x" } as const;
    const started = { ...at(2), type: "exec-started", processId: "x", pid: 8 } as const;
    const known = { containerId: id, processId: "x", type: "ended", pid: 8 } as const;
    const told = [
      ...history.apply(added),
      ...history.apply(started),
      ...history.note({ containerId: id, processId: "init", type: "started", pid: 7 }),
      ...history.note(known),
    ];
    assert.deepEqual(
      told.map(({ type }) => type),
      ["exec-added", "exec-started", "create", "start", "exit"],
    );
  });

  it("apply() tells a further process whose id and process id are used again, in every task", () => {
    const web = eventsOf(id, 7);
    const history = historyOf();
    const life = () => [
      web.added("x"),
      web.started("x", 77),
      web.ended("x", 77, 3),
      web.deleted("x", 77),
    ];
    const task = () => [
      web.create(),
      web.start(),
      ...life(),
      ...life(),
      web.exit(0),
      web.deleted("init", 7),
    ];
    const wire: readonly ContainerEvent[] = [...task(), ...task()];
    assert.deepEqual(wire.flatMap((event) => history.apply(event)), wire);
  });

  it("note() of an earlier process of an id ends nothing of the present one", () => {
    const web = eventsOf(id, 7);
    const history = historyOf();
    const before = [
      web.create(),
      web.start(),
      web.added("x"),
      web.started("x", 40),
      web.ended("x", 40, 0),
      web.deleted("x", 40),
      web.added("x"),
      web.started("x", 50),
    ];
    for (const event of before) history.apply(event);
    const note = { containerId: id, processId: "x", type: "ended" } as const;
    assert.deepEqual(history.note({ ...note, pid: 40, status: web.status(0) }), []);
    // Of one that nobody saw the runtime has to be asked: which of the two was first?
    assert.deepEqual(history.note({ ...note, pid: 45, status: web.status(0) }), []);
    assert.deepEqual(history.note({ ...note, pid: 0, status: web.status(127) }), []);
    const end = web.ended("x", 50, 7);
    assert.deepEqual(history.apply(end), [end]);
  });

  it("apply() tells the code that a handle knows where a new process shows that one has ended", () => {
    const web = eventsOf(id, 7);
    const known = {
      containerId: id,
      processId: "x",
      type: "ended",
      pid: 40,
      status: web.status(3),
    } as const;
    const history = new ContainerHistory(id, () => [known]);
    for (const event of [web.create(), web.start(), web.added("x"), web.started("x", 40)]) {
      history.apply(event);
    }
    const told = history.apply(web.added("x"));
    assert.deepEqual(told.map(({ type }) => type), ["exit", "exec-added"]);
    assert.deepEqual(told[0]?.type === "exit" && told[0].status, known.status);
  });
});
