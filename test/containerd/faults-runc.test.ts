import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { type ContainerError, isContainerError } from "../../src/errors.ts";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { livesOf, processName } from "../faults/lives.ts";
import { settledLives } from "../faults/settled-lives.ts";
import { containerdVersion } from "../helpers/cache.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/eventually.ts";
import { rejection } from "../helpers/rejection.ts";
import { type RuncCommand, type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { commandProcess, commandSpec, connectTo, SHIM } from "./bed.ts";

const sleep = ["sleep", "600"];

let runc: WrappedRunc;
let daemon: Daemon;
let client: Client;
let events: RecordedEvents;
let count = 0;

/** What makes runc do a command: what comes before it, and the call that does. */
interface Step {
  /** What the container runs. */
  readonly command: readonly string[] | string;
  prepare(id: string): Promise<unknown>;
  act(id: string): Promise<unknown>;
}

const create = (id: string, command: readonly string[] | string) =>
  client.create(id, commandSpec(command), SHIM);

const steps: Partial<Record<RuncCommand, Step>> = {
  create: {
    command: sleep,
    prepare: () => Promise.resolve(),
    act: (id) => client.start(id),
  },
  start: {
    command: sleep,
    prepare: () => Promise.resolve(),
    act: (id) => client.start(id),
  },
  exec: {
    command: sleep,
    prepare: (id) => client.start(id),
    act: (id) => client.exec(id, "more", commandProcess(sleep)),
  },
  pause: {
    command: sleep,
    prepare: (id) => client.start(id),
    act: (id) => client.pause(id),
  },
  kill: {
    command: sleep,
    prepare: (id) => client.start(id),
    act: (id) => client.signalProcess(id, "init", "SIGKILL"),
  },
  delete: {
    command: "exit 3",
    prepare: async (id) => await (await client.start(id)).wait(),
    act: (id) => client.deleteTask(id),
  },
};

/** Removes a container from a daemon that may need several attempts. */
async function remove(id: string): Promise<void> {
  let last: unknown;
  await eventually(`container ${id} is removed, after ${last}`, async () => {
    try {
      await client.delete(id, { force: true });
      return true;
    } catch (error) {
      last = error;
      return isContainerError(error, "not_found");
    }
  });
}

before(async () => {
  runc = wrapRunc();
  daemon = await startDaemon({ runcDir: runc.dir });
  client = connectTo(daemon);
  events = await RecordedEvents.open(client);
});
after(async () => {
  runc?.remove();
  await client?.[Symbol.asyncDispose]();
  await daemon?.stop();
});

describe("runc that fails", () => {
  for (const command of ["create", "start", "exec", "pause", "kill"] as const) {
    it(`${command} that fails is an error of the call, and ends nothing else`, async () => {
      const step = steps[command];
      assert.ok(step);
      const id = `fail-${command}`;
      await create(id, step.command);
      await step.prepare(id);
      runc.fail(command, "no luck", { containerId: id });
      try {
        const error = await rejection(step.act(id));
        assert.ok(isContainerError(error));
        assert.match((error as ContainerError).message, /no luck/);
      } finally {
        runc.clear(command, { containerId: id });
      }
      const isRunning = command !== "create" && command !== "start";
      const ends = () => livesOf(events.all).get(processName(id))?.exits ?? 0;
      // What was not started does not end.
      if (isRunning) assert.equal(ends(), 0);
      // Afterwards it does what it is told.
      if (isRunning) await step.act(id);
      await remove(id);
      await settledLives(events, id);
      if (isRunning) assert.equal(ends(), 1);
      else assert.equal(livesOf(events.all).get(processName(id))?.starts ?? 0, ends());
    });
  }
});

describe("containerd that is killed while runc is at work", () => {
  for (const command of ["create", "start", "exec", "kill", "delete"] as const) {
    for (const when of ["before", "after"] as const) {
      it(`every process ends once when it is killed ${when} runc's ${command}`, {
        skip: command === "create" && containerdVersion === "1.6" &&
          "containerd 1.6 knows nothing more of the shim whose Create its own end broke off",
      }, async () => {
        const step = steps[command];
        assert.ok(step);
        const id = `${command}-${when}-${++count}`;
        await create(id, step.command);
        await step.prepare(id);
        const gate = runc.hold(command, when, { containerId: id });
        const connections = events.lines.filter((line) => line === "connected").length;
        const act = step.act(id).then(() => undefined, (error: unknown) => error);
        try {
          await gate.arrived();
          await daemon.kill();
        } finally {
          gate.release();
        }
        await daemon.start();
        await events.until("connected", { times: connections + 1 });
        const error = await act;
        assert.ok(error === undefined || isContainerError(error), String(error));
        await remove(id);
        await settledLives(events, id);
        if (command === "kill" || command === "delete" || command === "exec") {
          assert.deepEqual(livesOf(events.all).get(processName(id)), { starts: 1, exits: 1 });
        }
        assert.deepEqual(daemon.shimPids(id), []);
      });
    }
  }
});
