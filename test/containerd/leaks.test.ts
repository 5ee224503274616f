import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { holdings, type HoldingsOptions, noMoreThan } from "../helpers/leaks.ts";
import { scale } from "../helpers/scale.ts";
import { collectGarbage, heapBytes, residentBytes } from "./support/garbage.ts";
import { BOX, onlyBox, useBox } from "./support/box.ts";
import { leftovers } from "./support/leftovers.ts";
import { fifoDir, openClient, RUNC } from "./support/open-client.ts";
import { readAll } from "./support/read-all.ts";
import { execOf, sleeper, specOf } from "./support/specs.ts";

/** How much the heap may grow over all rounds, in bytes: far less than one buffer for each round. */
const HEAP_BYTES = 8 * 1024 * 1024;
/** How much the process may grow, in bytes. Allocators keep what they had once. */
const RESIDENT_BYTES = 96 * 1024 * 1024;
/** How many rounds are under way at a time. */
const AT_ONCE = 4;

const box = useBox();
const where = (): HoldingsOptions => ({ daemon: box.daemon, fifoDirs: [fifoDir(box.daemon)] });

/** Makes rounds, some at a time. */
async function rounds(
  count: number,
  round: (index: number) => Promise<void>,
  atOnce: number = AT_ONCE,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count) await round(next++);
  }));
}

/**
 * Makes rounds once to warm up, takes stock, makes them again, and checks that nothing has come to
 * stay.
 */
async function keepsNothing(
  count: number,
  round: (index: number) => Promise<void>,
  atOnce?: number,
): Promise<void> {
  await rounds(Math.max(4, Math.floor(count / 4)), round, atOnce);
  await settled();
  const before = holdings(where());
  const heap = await heapBytes();
  const resident = await residentBytes();
  await rounds(count, round, atOnce);
  await settled();
  await noMoreThan(before, where());
  assert.deepEqual(await leftovers(box.daemon), onlyBox);
  const heapGrowth = await heapBytes() - heap;
  assert.ok(heapGrowth < HEAP_BYTES, `the heap has grown by ${heapGrowth} bytes`);
  const growth = await residentBytes() - resident;
  assert.ok(growth < RESIDENT_BYTES, `the process has grown by ${growth} bytes`);
}

/** The records of processes are removed after their ends were told. */
async function settled(): Promise<void> {
  await noMoreThan({ ...holdings(where()), fifos: [] }, where());
}

function codeOf(status: ExitStatus): number | string {
  return status.state === "exited" ? status.code : status.state;
}

let count = 0;
const newId = () => `leak-${++count}`;
const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

/** One process: with pipes or a terminal, that succeeds, fails, or cannot be started. */
async function execRound(index: number, handles: WeakRef<object>[] = []): Promise<void> {
  const id = newId();
  const terminal = index % 2 === 1;
  const isMissing = index % 4 >= 2;
  const code = index % 3;
  const args = isMissing ? ["nope"] : ["sh", "-c", `echo ${id}; exit ${code}`];
  const process = processSpec({ args, terminal });
  const stdio = terminal ? { stdin: "piped", stdout: "piped" } as const : piped;
  if (isMissing) {
    await assert.rejects(box.client.exec(BOX, id, process, { stdio }), { exitCode: 127 });
    return;
  }
  const handle = await box.client.exec(BOX, id, process, { stdio });
  handles.push(new WeakRef(handle));
  const { stdout } = handle.stdio;
  assert.ok(stdout);
  assert.equal((await readAll(stdout)).trim(), id);
  assert.equal(codeOf(await handle.wait()), code);
}

describe("what stays behind", () => {
  it("exec() leaves nothing, whether it succeeds or not, with pipes and with a terminal", () =>
    keepsNothing(scale(30, 1000), (index) => execRound(index)));

  it("exec() whose streams are never read leaves nothing", () =>
    keepsNothing(scale(8, 200), async (index) => {
      const handle = await box.client.exec(BOX, newId(), execOf("echo", "unread"), {
        stdio: piped,
      });
      if (index % 2 === 0) await handle.stdio.stdout.cancel();
      assert.equal(codeOf(await handle.wait()), 0);
      // Output that was read ahead stays readable, and is let go of with the handle.
      if (index % 2 === 1) assert.equal(await readAll(handle.stdio.stdout), "unread\n");
      await handle.stdio.stderr.cancel();
    }));

  it("run() leaves nothing", () =>
    keepsNothing(scale(10, 300), async (index) => {
      const id = newId();
      let output = "";
      const status = await box.client.run(
        id,
        specOf("sh", "-c", `echo ${id}; exit ${index % 3}`),
        RUNC,
        {
          stdio: {
            stdout: new WritableStream({
              write: (chunk) => void (output += new TextDecoder().decode(chunk)),
            }),
          },
        },
      );
      assert.equal(codeOf(status), index % 3);
      assert.equal(output, `${id}\n`);
    }));

  it("create(), start(), deleteTask() and delete() leave nothing", () =>
    keepsNothing(scale(8, 100), async () => {
      const id = newId();
      await box.client.create(id, specOf("true"), RUNC);
      const task = await box.client.start(id, { stdio: piped });
      assert.equal(await readAll(task.stdio.stdout), "");
      assert.equal(await readAll(task.stdio.stderr), "");
      assert.equal(codeOf(await task.wait()), 0);
      await box.client.deleteTask(id);
      await box.client.delete(id);
    }));

  it("start() that fails leaves nothing but the container", () =>
    keepsNothing(scale(10, 200), async () => {
      const id = newId();
      await box.client.create(id, specOf("nope"), RUNC);
      await assert.rejects(box.client.start(id, { stdio: piped }), { exitCode: 127 });
      await box.client.delete(id);
    }));

  it("create() that conflicts leaves nothing", () =>
    keepsNothing(scale(10, 200), async () => {
      await assert.rejects(box.client.create(BOX, sleeper(), RUNC), { code: "conflict" });
      await assert.rejects(box.client.start(BOX, { stdio: piped }), { code: "already_exists" });
    }));

  // One at a time: the gate holds the next call, whosever it is.
  it("start() that is aborted leaves nothing but the container", () =>
    keepsNothing(scale(4, 120), async (index) => {
      const id = newId();
      await box.client.create(id, sleeper(), RUNC);
      const held = box.gate.hold(
        index % 2 === 0 ? "Tasks/Create" : "Tasks/Start",
        index % 4 < 2 ? "before" : "after",
      );
      const controller = new AbortController();
      const reason = { why: "enough" };
      const start = box.client.start(id, { stdio: piped, signal: controller.signal });
      const rejected = assert.rejects(start, (error) => error === reason);
      await held.arrived;
      controller.abort(reason);
      await rejected;
      held.release();
      await box.client.delete(id);
    }, 1));

  it("exec() that is aborted leaves nothing", () =>
    keepsNothing(scale(8, 120), async (index) => {
      const id = newId();
      const held = box.gate.hold(
        index % 2 === 0 ? "Tasks/Exec" : "Tasks/Start",
        index % 4 < 2 ? "before" : "after",
      );
      const controller = new AbortController();
      const reason = { why: "enough" };
      const exec = box.client.exec(BOX, id, execOf("sleep", "600"), {
        stdio: piped,
        signal: controller.signal,
      });
      const rejected = assert.rejects(exec, (error) => error === reason);
      await held.arrived;
      controller.abort(reason);
      await rejected;
      held.release();
      // Waits for the undoing: the id is free again.
      const again = await box.client.exec(BOX, id, execOf("true"));
      assert.equal(codeOf(await again.wait()), 0);
    }, 1));

  it("wait() that is aborted leaves nothing", () =>
    keepsNothing(scale(40, 1000), async () => {
      const controller = new AbortController();
      const waiting = box.client.wait(BOX, "init", { signal: controller.signal });
      const rejected = assert.rejects(waiting, (error) => error === controller.signal.reason);
      controller.abort();
      await rejected;
    }));

  it("events() that was ended leaves nothing", () =>
    keepsNothing(scale(10, 200), async (index) => {
      const controller = new AbortController();
      const stream = box.client.events({ signal: controller.signal });
      await stream.ready;
      if (index % 2 === 0) controller.abort();
      else await stream[Symbol.asyncDispose]();
      for await (const event of stream) {
        // What other rounds did; the stream has ended all the same.
        assert.ok(event.type);
      }
    }));

  it("a client that was disposed leaves nothing", () =>
    keepsNothing(scale(8, 200), async () => {
      const other = openClient(box.daemon);
      const { alive } = await other.restore(BOX);
      assert.equal(alive, true);
      const stream = other.events();
      await stream.ready;
      await other[Symbol.asyncDispose]();
    }));

  it("restore() whose streams were cancelled leaves nothing", async () => {
    const id = newId();
    await box.client.create(id, sleeper(), RUNC);
    const task = await box.client.start(id, { stdio: piped });
    try {
      await rounds(4, restoreRound, 1);
      const before = holdings(where());
      await rounds(scale(12, 100), restoreRound, 1);
      await noMoreThan(before, where());
    } finally {
      await box.client.delete(id, { force: true });
      await task.stdio.stdout.cancel();
      await task.stdio.stderr.cancel();
    }
    assert.deepEqual(await leftovers(box.daemon), onlyBox);

    async function restoreRound(): Promise<void> {
      const other = openClient(box.daemon);
      const { process } = await other.restore(id, {
        stdio: { stdout: "piped", stderr: "piped" },
      });
      await process?.stdio.stdout?.cancel();
      await process?.stdio.stderr?.cancel();
      await other[Symbol.asyncDispose]();
    }
  });
});

describe("what is held in memory", () => {
  it("exec() does not hold the handles of processes that have ended", async () => {
    const handles: WeakRef<object>[] = [];
    await rounds(scale(40, 400), (index) => execRound(index, handles));
    await settled();
    await collectGarbage();
    const alive = handles.filter((handle) => handle.deref() !== undefined).length;
    // Some collectors take what looks like an address on the stack for one.
    assert.ok(handles.length >= 20);
    assert.ok(alive <= handles.length / 4, `${alive} of ${handles.length} handles are held`);
  });

  it("delete() lets go of a container and its task", async () => {
    const handles: WeakRef<object>[] = [];
    await rounds(scale(12, 100), async () => {
      const id = newId();
      handles.push(new WeakRef(await box.client.create(id, specOf("true"), RUNC)));
      const task = await box.client.start(id);
      handles.push(new WeakRef(task));
      await task.wait();
      await box.client.deleteTask(id);
      await box.client.delete(id);
      await box.client.delete(id).catch((error: unknown) => {
        if (!isContainerError(error, "not_found")) throw error;
      });
    });
    await collectGarbage();
    const alive = handles.filter((handle) => handle.deref() !== undefined).length;
    assert.ok(alive <= handles.length / 4, `${alive} of ${handles.length} handles are held`);
  });
});
