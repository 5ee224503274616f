import assert from "node:assert/strict";
import process from "node:process";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { Process, Task } from "../../src/runtime.ts";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { settledLives } from "../faults/settled-lives.ts";
import { livesOf, processName } from "../faults/lives.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning } from "../helpers/processes.ts";
import { commandProcess, commandSpec, connectTo, SHIM } from "./bed.ts";

const sleep = ["sleep", "600"];

/** How far the clocks of the kernel and of this process may be apart, in milliseconds. */
const CLOCK_MS = 1000;

let daemon: Daemon;
let client: Client;
let events: RecordedEvents;
let id = "";
let count = 0;
let task: Task;
let more: Process;

before(async () => {
  daemon = await startDaemon();
  client = connectTo(daemon);
  events = await RecordedEvents.open(client);
});
after(async () => {
  await client?.[Symbol.asyncDispose]();
  await daemon?.stop();
});
beforeEach(async () => {
  id = `shim${++count}`;
  await client.create(id, commandSpec(sleep), SHIM);
  task = await client.start(id);
  more = await client.exec(id, "more", commandProcess(sleep));
});

function shimOf(containerId: string): number {
  const [pid] = daemon.shimPids(containerId);
  assert.ok(pid !== undefined, `container ${containerId} has no shim`);
  return pid;
}

/** Both processes ended, once each, and `wait()` knows it; not by a code that nobody gave. */
async function bothEnd(since: number): Promise<void> {
  for (const status of await Promise.all([task.wait(), more.wait()])) {
    if (status.state === "exited") assert.equal(status.code, 137);
    const at = timeOf(status);
    assert.ok(at >= since - CLOCK_MS && at <= Date.now() + CLOCK_MS, `${at} is not about now`);
  }
  await events.until(`exit ${id}/init`);
  await events.until(`exit ${id}/more`);
  await client.delete(id, { force: true });
  await settledLives(events, id);
  const lives = livesOf(events.all);
  assert.deepEqual(lives.get(processName(id)), { starts: 1, exits: 1 });
  assert.deepEqual(lives.get(processName(id, "more")), { starts: 1, exits: 1 });
  await eventually("its processes are gone", () => !isRunning(task.pid) && !isRunning(more.pid));
}

function timeOf(status: ExitStatus): number {
  return (status.state === "exited" ? status.exitedAt : status.noticedAt).getTime();
}

async function reconnected(restart: () => Promise<void>): Promise<void> {
  const before = events.lines.filter((line) => line === "connected").length;
  await restart();
  await events.until("connected", { times: before + 1 });
}

describe("a shim that is killed", () => {
  it("events() tells the ends of its processes, once each, and of no others", async () => {
    const other = `${id}-other`;
    await client.create(other, commandSpec(sleep), SHIM);
    await client.start(other);
    const since = Date.now();
    process.kill(shimOf(id), "SIGKILL");
    await bothEnd(since);
    assert.equal((await client.status(other)).state, "running");
    assert.equal(livesOf(events.all).get(processName(other))?.exits, 0);
    await client.delete(other, { force: true });
  });

  it("events() tells the ends when it is killed while containerd is away", async () => {
    const since = Date.now();
    await reconnected(async () => {
      await daemon.kill();
      process.kill(shimOf(id), "SIGKILL");
      await daemon.start();
    });
    await bothEnd(since);
  });

  it("calls about its container fail, or find it gone, and do not hang", async () => {
    process.kill(shimOf(id), "SIGKILL");
    const calls = [client.pause(id), client.stats(id), client.exec(id, "x", commandProcess(sleep))];
    const outcomes = await Promise.allSettled(calls);
    for (const { status } of outcomes) assert.equal(status, "rejected");
    await client.delete(id, { force: true });
    await settledLives(events, id);
    await client.version();
  });
});

describe("containerd that is started again", () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`wait() goes on over ${signal}, a new one works, and kill ends the process`, async () => {
      let isOver = false;
      const waiting = task.wait().finally(() => isOver = true);
      await reconnected(() => daemon.restart(signal));
      assert.deepEqual(await client.status(id), { state: "running", pid: task.pid });
      assert.equal(isOver, false);
      const again = client.wait(id);
      await client.signalProcess(id, "init", "SIGKILL");
      for (const status of await Promise.all([waiting, again])) {
        assert.equal(status.state === "exited" && status.code, 137);
      }
      assert.ok(!isRunning(task.pid));
      await client.delete(id, { force: true });
      await settledLives(events, id);
    });
  }

  it("a process that was killed meanwhile has ended about then, and one that was not goes on", async () => {
    const other = `${id}-other`;
    await client.create(other, commandSpec(sleep), SHIM);
    const { pid } = await client.start(other);
    const since = Date.now();
    await reconnected(async () => {
      await daemon.kill();
      process.kill(task.pid, "SIGKILL");
      await eventually("it has ended", () => !isRunning(task.pid));
      await daemon.start();
    });
    await bothEnd(since);
    assert.deepEqual(await client.status(other), { state: "running", pid });
    assert.equal(livesOf(events.all).get(processName(other))?.exits, 0);
    await client.delete(other, { force: true });
    await settledLives(events, other);
  });

  it("a client goes on, and so does one that is made meanwhile", async () => {
    await daemon.kill();
    const late = connectTo(daemon, { namespace: daemon.namespace });
    try {
      await assert.rejects(late.version());
      await daemon.start();
      await late.version();
      await client.version();
      const { alive, pid } = await late.restore(id);
      assert.deepEqual({ alive, pid }, { alive: true, pid: task.pid });
    } finally {
      await late[Symbol.asyncDispose]();
    }
    await client.delete(id, { force: true });
    await settledLives(events, id);
  });
});
