import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, writeAll } from "../../plugins/testing/assertions.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import type { ExitEvent } from "../../src/events.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec, connectTo, SHIM } from "./bed.ts";

const MIB = 1024 * 1024;
const LIMIT_BYTES = 16 * MIB;
/** How many containers run out of memory at a time, and how often. */
const AT_ONCE = 8;
const ROUNDS = scale(2, 10);
/** 128 + SIGKILL: also what the kernel leaves of a process that it ends for want of memory. */
const KILLED = 137;
/** Takes memory until there is none: it keeps the last line, which has no end. */
const GREEDY = ["tail", "/dev/zero"];

/** A container with a memory limit, and no swap. */
function limited(command: string | readonly string[]): Spec {
  return commandSpec(command, {
    resources: { memoryLimitBytes: LIMIT_BYTES, memorySwapLimitBytes: LIMIT_BYTES },
  });
}

/** The end of a process, told once, and what was told of its container before and after. */
async function endOf(events: EventLog, id: string, processId: string = "init") {
  await events.untilType(id, "exit", processId);
  const all = events.of(id);
  const isIts = (event: (typeof all)[number]): event is ExitEvent =>
    event.type === "exit" && event.processId === processId;
  const [exit, ...more] = all.filter(isIts);
  assert.ok(exit);
  assert.deepEqual(more, []);
  const types = events.types(id);
  const index = types.indexOf(`exit ${processId}`);
  return { exit, before: types.slice(0, index), after: types.slice(index + 1) };
}

describe(`containers that run out of memory, ${AT_ONCE} at a time, ${ROUNDS} times`, () => {
  let bed: Bed;
  /** Of the client that runs the containers, and of one that only looks on. */
  let logs: readonly EventLog[] = [];

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  /** What was told of a process that ran out of memory: that first, and its end then. */
  async function toldOfOom(id: string, code: number): Promise<void> {
    for (const events of logs) {
      const { exit, before } = await endOf(events, id);
      assert.equal(assertExited(exit.status, code).oomKilled, true, `exit of ${id}`);
      assert.ok(before.includes("oom"), `${id}: ${before} before its end`);
      assert.deepEqual(before.filter((line) => line !== "oom"), ["create", "start"]);
    }
  }

  /** What was told of a process that ended for another reason. */
  async function toldOfNoOom(id: string, code: number): Promise<void> {
    for (const events of logs) {
      const { exit, before } = await endOf(events, id);
      const known = code === KILLED ? false : "unknown"; // it is asked for after a SIGKILL
      assert.equal(assertExited(exit.status, code).oomKilled, known, `exit of ${id}`);
      assert.deepEqual(before, ["create", "start"]);
    }
  }

  /** Runs a container to its end and leaves nothing of it. */
  async function live(
    spec: Spec,
    code: number,
    { isKilled, isOom }: { readonly isKilled: boolean; readonly isOom: boolean },
  ): Promise<string> {
    const id = bed.newId();
    await bed.client.create(id, spec, SHIM);
    const task = await bed.client.start(id);
    if (isKilled) await bed.client.signalProcess(id, "init", "KILL");
    const { oomKilled } = assertExited(await task.wait(), code);
    assert.equal(oomKilled, isOom, `wait() of ${id}`);
    await (isOom ? toldOfOom : toldOfNoOom)(id, code);
    await bed.client.delete(id, { force: true });
    return id;
  }

  it("C37 events() and wait() tell a want of memory of those that had it, and before their ends", async () => {
    await withLogs(async () => {
      const ids: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const oom = { isKilled: false, isOom: true };
        ids.push(
          ...await Promise.all([
            ...Array.from({ length: AT_ONCE }, () => live(limited(GREEDY), KILLED, oom)),
            // Beside those, some that end in other ways.
            live(limited(["sleep", "600"]), KILLED, { isKilled: true, isOom: false }),
            live(commandSpec(["sleep", "600"]), KILLED, { isKilled: true, isOom: false }),
            live(limited("head -c 4m /dev/zero | tail | wc -c; exit 3"), 3, {
              isKilled: false,
              isOom: false,
            }),
          ]),
        );
      }
      // What is told of a later container comes after all that is told of these.
      const barrier = bed.newId();
      await bed.client.run(barrier, limited(GREEDY), SHIM);
      for (const events of logs) {
        await events.untilType(barrier, "exit", "init");
        for (const id of ids) {
          const { after } = await endOf(events, id);
          assert.deepEqual(after.filter((line) => line !== "delete init"), []);
        }
      }
    });
  });

  it("C37 events() and run() tell it although the container is deleted at once", async () => {
    await withLogs(async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(Array.from({ length: AT_ONCE }, async () => {
          const id = bed.newId();
          const status = await bed.client.run(id, limited(GREEDY), SHIM);
          assert.equal(assertExited(status, KILLED).oomKilled, true, `run() of ${id}`);
          await toldOfOom(id, KILLED);
        }));
      }
    });
  });

  it("C37 events() and wait() tell it of a container whose first process outlives it", async () => {
    await withLogs(async () => {
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        const code = 5;
        const id = bed.newId();
        const script = `read line; ${GREEDY.join(" ")}; read line; exit ${code}`;
        await bed.client.create(id, limited(script), SHIM);
        const { stdio } = await bed.client.start(id, { stdio: { stdin: "piped" } });
        // Of what ran out of memory before it was started as a shim sees it, that one tells nothing.
        const writer = stdio.stdin.getWriter();
        await writer.write(new TextEncoder().encode("begin\n"));
        writer.releaseLock();
        for (const events of logs) await events.untilType(id, "oom");
        await writeAll(stdio.stdin, "go on\n");
        assert.equal(assertExited(await bed.client.wait(id), code).oomKilled, true);
        await toldOfOom(id, code);
        await bed.client.delete(id, { force: true });
      }));
    });
  });

  it("C37 events() and wait() tell it of a further process", async () => {
    await withLogs(async () => {
      await bed.withContainer(limited(["sleep", "600"]), async (id) => {
        await bed.client.start(id);
        const fine = await bed.client.exec(id, "fine", commandProcess("exit 4"));
        assert.equal(assertExited(await fine.wait(), 4).oomKilled, false);
        const more = await bed.client.exec(id, "more", commandProcess(GREEDY));
        assert.equal(assertExited(await more.wait(), KILLED).oomKilled, true);
        for (const events of logs) {
          const { exit, before } = await endOf(events, id, "more");
          assert.equal(assertExited(exit.status, KILLED).oomKilled, true);
          assert.ok(before.includes("oom"));
          assert.ok(before.indexOf("oom") > before.indexOf("exec-started"));
        }
        assert.equal((await bed.client.status(id)).state, "running");
      });
    });
  });

  async function withLogs(use: () => Promise<void>): Promise<void> {
    const other = connectTo(bed.daemon);
    try {
      logs = [
        await EventLog.open(bed.client.events()),
        await EventLog.open(other.events()),
      ];
      await use();
    } finally {
      await Promise.all(logs.map((events) => events[Symbol.asyncDispose]()));
      await other[Symbol.asyncDispose]();
      logs = [];
    }
  }
});
