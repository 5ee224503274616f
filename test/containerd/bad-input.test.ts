import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { badIds } from "./support/bad-ids.ts";
import { badProcessParts, badResourceParts, withPart } from "./support/bad-specs.ts";
import { BOX, useBox } from "./support/box.ts";
import { RUNC } from "./support/open-client.ts";
import { refusedBy } from "./support/refused.ts";
import { show } from "./support/show.ts";
import { execOf, sleeper } from "./support/specs.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

const box = useBox();
const refused = refusedBy(box);

describe("the ids of every call", () => {
  const calls: Readonly<Record<string, (id: string, processId: string) => unknown>> = {
    signalProcess: (id, processId) => box.client.signalProcess(id, processId, 9),
    resizeTerminal: (id, processId) =>
      box.client.resizeTerminal(id, processId, { columns: 80, rows: 24 }),
    closeStdin: (id, processId) => box.client.closeStdin(id, processId),
    status: (id, processId) => box.client.status(id, processId),
    wait: (id, processId) => box.client.wait(id, processId),
    exec: (id, processId) => box.client.exec(id, processId, execOf("true")),
  };
  const containerCalls: typeof calls = {
    ...calls,
    start: (id) => box.client.start(id),
    restore: (id) => box.client.restore(id),
    "restore with a shim": (id) => box.client.restore(id, { shim: RUNC }),
    run: (id) => box.client.run(id, sleeper(), RUNC),
    pause: (id) => box.client.pause(id),
    resume: (id) => box.client.resume(id),
    stats: (id) => box.client.stats(id),
    listPids: (id) => box.client.listPids(id),
    summary: (id) => box.client.summary(id),
    updateResources: (id) => box.client.updateResources(id, {}),
    createCheckpoint: (id) => box.client.createCheckpoint(id, "/tmp/x"),
    deleteTask: (id) => box.client.deleteTask(id),
    delete: (id) => box.client.delete(id),
    "delete with force": (id) => box.client.delete(id, { force: true }),
  };
  for (const [name, call] of Object.entries(containerCalls)) {
    for (const id of ["a/b", "", 42]) {
      refused(
        `${name} refuses container id ${show(id)}`,
        "containerId",
        () => call(id as never, "more"),
      );
    }
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const id of ["a/b", "", 42]) {
      refused(`${name} refuses process id ${show(id)}`, "processId", () => call(BOX, id as never));
    }
  }
  for (const id of ["init", ...badIds]) {
    refused(
      `exec() refuses process id ${show(id)}`,
      "processId",
      () => box.client.exec(BOX, id as never, execOf("true")),
    );
  }
});

describe("exec() with bad input", () => {
  for (const process of [undefined, null, "sh", ["sh"]]) {
    refused(
      `exec() refuses ${show(process)} as a process`,
      "process",
      () => box.client.exec(BOX, "a", process as never),
    );
  }
  for (const [path, value, field = path] of badProcessParts) {
    refused(
      `exec() refuses ${path} ${show(value)}`,
      `process.${field}`,
      () => box.client.exec(BOX, "a", withPart(execOf("true"), path, value) as never),
    );
  }
});

describe("signalProcess() with bad input", () => {
  const signals = ["SIGFOO", "", "SIG", "TERM ", "0", "65", 0, -1, 32, 65, 1.5, NaN, null, {}];
  for (const signal of signals) {
    refused(
      `signalProcess() refuses ${show(signal)}`,
      "signal",
      () => box.client.signalProcess(BOX, "init", signal as never),
    );
  }
  it("signalProcess() that is refused leaves the container running", async () => {
    assert.equal((await box.client.status(BOX)).state, "running");
  });
});

describe("resizeTerminal() with bad input", () => {
  for (const value of [0, -1, NaN, Infinity, 1.5, 65536, 2 ** 32, "80", 80n, null, undefined]) {
    refused(
      `resizeTerminal() refuses ${show(value)} columns`,
      "columns",
      () => box.client.resizeTerminal(BOX, "init", { columns: value as never, rows: 24 }),
    );
    refused(
      `resizeTerminal() refuses ${show(value)} rows`,
      "rows",
      () => box.client.resizeTerminal(BOX, "init", { columns: 80, rows: value as never }),
    );
  }
  refused(
    "resizeTerminal() refuses no size",
    "columns",
    () => box.client.resizeTerminal(BOX, "init", undefined as never),
  );
});

describe("updateResources() with bad input", () => {
  for (const resources of [undefined, null, 5, []]) {
    refused(
      `updateResources() refuses ${show(resources)}`,
      "resources",
      () => box.client.updateResources(BOX, resources as never),
    );
  }
  for (const [path, value, field = path] of badResourceParts) {
    refused(
      `updateResources() refuses ${path} ${show(value)}`,
      `resources.${field}`,
      () => box.client.updateResources(BOX, withPart({}, path, value) as never),
    );
  }
});
