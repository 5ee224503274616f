import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container, Process, Runtime, Task } from "../../src/runtime.ts";
import { BOX, useBox } from "./support/box.ts";
import { RUNC } from "./support/open-client.ts";
import { assertFails } from "./support/refusals.ts";
import { refusedBy } from "./support/refused.ts";
import { show } from "./support/show.ts";
import { execOf, sleeper } from "./support/specs.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

const box = useBox();
const refused = refusedBy(box);

interface HandleSet {
  readonly runtime: Runtime;
  readonly container: Container;
  readonly task: Task;
  readonly process: Process;
}

let handles: Promise<HandleSet> | undefined;

/** The handles of the box, and of a process in it, made once. */
function boxHandles(): Promise<HandleSet> {
  return handles ??= (async () => {
    const runtime = await box.client.runtime();
    const container = await runtime.loadContainer(BOX);
    const task = await container.task();
    const process = await task.exec("handle", execOf("sleep", "600"));
    await process.start();
    return { runtime, container, task, process };
  })();
}

type Call = (handles: HandleSet, options: never) => unknown;

const ofProcess = (which: "task" | "process"): Readonly<Record<string, Call>> => ({
  start: ({ [which]: it }, options) => it.start(options),
  wait: ({ [which]: it }, options) => it.wait(options),
  kill: ({ [which]: it }, options) => it.kill(9, options),
  resize: ({ [which]: it }, options) => it.resize({ columns: 80, rows: 24 }, options),
  closeStdin: ({ [which]: it }, options) => it.closeStdin(options),
  status: ({ [which]: it }, options) => it.status(options),
  delete: ({ [which]: it }, options) => it.delete(options),
});

const calls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  Process: ofProcess("process"),
  Task: {
    ...ofProcess("task"),
    exec: ({ task }, options) => task.exec("more", execOf("true"), options),
    loadProcess: ({ task }, options) => task.loadProcess("handle", options),
    listPids: ({ task }, options) => task.listPids?.(options),
    stats: ({ task }, options) => task.stats?.(options),
    pause: ({ task }, options) => task.pause?.(options),
    resume: ({ task }, options) => task.resume?.(options),
    updateResources: ({ task }, options) => task.updateResources?.({}, options),
    createCheckpoint: ({ task }, options) => task.createCheckpoint?.("/tmp/x", options),
  },
  Container: {
    info: ({ container }, options) => container.info(options),
    update: ({ container }, options) => container.update?.({ labels: { a: "b" } }, options),
    newTask: ({ container }, options) => container.newTask(options),
    task: ({ container }, options) => container.task(options),
    delete: ({ container }, options) => container.delete(options),
  },
  Runtime: {
    version: ({ runtime }, options) => runtime.version(options),
    createContainer: ({ runtime }, options) =>
      runtime.createContainer({ id: "more", spec: sleeper(), shim: RUNC }, options),
    loadContainer: ({ runtime }, options) => runtime.loadContainer(BOX, options),
    events: ({ runtime }, options) => runtime.events(options),
    listContainers: async ({ runtime }, options) => {
      for await (const _ of runtime.listContainers?.(options) ?? []);
    },
  },
};

describe("handles with bad options", () => {
  for (const [handle, methods] of Object.entries(calls)) {
    for (const [method, call] of Object.entries(methods)) {
      for (
        const [options, field] of [
          [null, "options"],
          ["text", "options"],
          [42, "options"],
          [{ signal: 1 }, "signal"],
          [{ signal: null }, "signal"],
        ] as const
      ) {
        it(`${handle}.${method}() refuses options ${show(options)}`, async () => {
          const made = await boxHandles();
          const sent = box.gate.calls.length;
          await assertFails(() => call(made, options as never), {
            code: "invalid_argument",
            field,
          });
          assert.deepEqual(box.gate.calls.slice(sent), []);
        });
      }
    }
  }
  for (const value of ["false", 1, null, {}]) {
    for (
      const [name, field, call] of [
        ["Process.delete()", "force", ({ process }, options) => process.delete(options)],
        ["Task.delete()", "force", ({ task }, options) => task.delete(options)],
        ["Container.task()", "force", ({ container }, options) => container.task(options)],
        ["Task.kill()", "all", ({ task }, options) => task.kill(9, options)],
        [
          "Task.createCheckpoint()",
          "exit",
          ({ task }, options) => task.createCheckpoint?.("/tmp/x", options),
        ],
      ] satisfies readonly (readonly [string, string, Call])[]
    ) {
      it(`${name} refuses ${field} ${show(value)}`, async () => {
        const made = await boxHandles();
        await assertFails(() => call(made, { [field]: value } as never), {
          code: "invalid_argument",
          field,
        });
        assert.equal((await made.process.status()).state, "running");
        assert.equal((await made.task.status()).state, "running");
      });
    }
  }
});

describe("Container.update() with bad changes", () => {
  for (
    const [changes, field] of [
      [undefined, "changes"],
      [null, "changes"],
      ["text", "changes"],
      [42, "changes"],
      [[], "changes"],
      [{ lables: {} }, "lables"],
      [{ labels: null }, "labels"],
      [{ labels: "a=b" }, "labels"],
      [{ labels: { a: 5 } }, 'labels["a"]'],
      [{ extensions: null }, "extensions"],
    ] as const
  ) {
    it(`update() refuses ${show(changes)}`, async () => {
      const { container } = await boxHandles();
      await assertFails(async () => await container.update?.(changes as never), {
        code: "invalid_argument",
        field,
      });
    });
  }
});

describe("calls with bad flags", () => {
  for (const value of ["false", 1, 0, null, {}]) {
    refused(
      `delete() refuses force ${show(value)}`,
      "force",
      () => box.client.delete(BOX, { force: value } as never),
    );
    refused(
      `deleteTask() refuses force ${show(value)}`,
      "force",
      () => box.client.deleteTask(BOX, { force: value } as never),
    );
    refused(
      `signalProcess() refuses all ${show(value)}`,
      "all",
      () => box.client.signalProcess(BOX, "init", 9, { all: value } as never),
    );
    refused(
      `createCheckpoint() refuses exit ${show(value)}`,
      "exit",
      () => box.client.createCheckpoint(BOX, "/tmp/x", { exit: value } as never),
    );
  }
  for (const stdio of [null, 5, "piped", []]) {
    refused(
      `run() refuses stdio ${show(stdio)}`,
      "stdio",
      () => box.client.run("more", sleeper(), RUNC, { stdio } as never),
    );
  }
  refused(
    "listContainers() refuses a filter that is no text",
    "filters[0]",
    async () => {
      for await (const _ of box.client.listContainers({ filters: [Symbol("s")] as never }));
    },
  );
});
