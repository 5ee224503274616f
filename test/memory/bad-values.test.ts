import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import type { Runtime } from "../../src/runtime.ts";
import {
  ManualClock,
  memory,
  MemoryHost,
  type ProgramContext,
  script,
} from "../../plugins/memory/mod.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { commandSpec, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

/** What cannot be made a text of. */
const TEXTLESS: readonly (readonly [name: string, value: unknown])[] = [
  ["a symbol", Symbol("x")],
  ["an object without a prototype", Object.create(null)],
];

async function withRuntime(use: (runtime: Runtime) => Promise<void>): Promise<void> {
  await disposeAfter(new MemoryHost(), async (host) => {
    await disposeAfter(await memory({ host }).open(), use);
  });
}

function refuses(call: () => unknown, field: string): void {
  assert.throws(
    call,
    (error) => isContainerError(error, "invalid_argument") && error.field === field,
    field,
  );
}

describe("values that no text can be made of", () => {
  for (const [name, value] of TEXTLESS) {
    const bad = value as never;

    it(`memory(), MemoryHost, its faults and its clocks refuse ${name}`, async () => {
      refuses(() => memory({ id: bad }), "id");
      refuses(() => memory({ drainBudgetMs: bad }), "drainBudgetMs");
      refuses(() => new MemoryHost({ seed: bad }), "seed");
      refuses(() => script([{ print: bad }]), "steps[0].print");
      const clock = new ManualClock();
      if (typeof value !== "symbol") refuses(() => new ManualClock(bad), "startMs");
      await rejectsWith(clock.advance(bad), "invalid_argument", { field: "durationMs" });
      await disposeAfter(new MemoryHost(), (host) => {
        refuses(() => host.faults.failCalls({ times: bad }), "times");
        refuses(() => host.faults.delayEvents({ delayMs: bad }), "delayMs");
        assert.equal(host.residue().faults, 0);
        return Promise.resolve();
      });
    });

    it(`a runtime in memory refuses ${name} for a filter, a folder, a stream, a signal`, async () => {
      await withRuntime(async (runtime) => {
        const listed = async (filters: never) => {
          for await (const _ of runtime.listContainers?.({ filters }) ?? []);
        };
        await rejectsWith(() => listed(bad), "invalid_argument", { field: "filters" });
        await rejectsWith(() => listed([value] as never), "invalid_argument", {
          field: "filters[0]",
        });
        const container = await runtime.createContainer({
          id: "c",
          spec: commandSpec(["sleep", "infinity"]),
          shim: SHIM,
        });
        const newTask = container.newTask({ checkpointDir: bad });
        await rejectsWith(newTask, "invalid_argument", { field: "checkpointDir" });
        await rejectsWith(container.newTask({ stdio: { stdin: bad } }), "invalid_argument", {
          field: "stdio.stdin",
        });
        const task = await container.newTask();
        await task.start();
        const written = async () => await task.createCheckpoint?.(bad);
        await rejectsWith(written, "invalid_argument", { field: "directory" });
        await rejectsWith(task.kill(bad), "invalid_argument", { field: "signal" });
        assert.equal((await task.status()).state, "running");
        await task.delete({ force: true });
      });
    });

    it(`a context refuses ${name}; a program that gives or throws it ends with 1`, async () => {
      const fields: (string | undefined)[] = [];
      const programs = {
        async careless(context: ProgramContext) {
          const refused = (error: unknown) => {
            assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
            fields.push(error.field);
          };
          await context.sleep(bad).catch(refused);
          try {
            context.useMemory(bad);
          } catch (error) {
            refused(error);
          }
          return bad;
        },
        throwing: () => {
          throw value;
        },
      };
      await runOn({ programs }, async ({ client }) => {
        assertExited(await client.run("c", commandSpec(["careless"]), SHIM), 1);
        assertExited(await client.run("d", commandSpec(["throwing"]), SHIM), 1);
        assert.deepEqual(fields, ["durationMs", "bytes"]);
      });
    });
  }
});

describe("handles of a runtime in memory", () => {
  it("createContainer() refuses what is no request, field by field", async () => {
    await withRuntime(async (runtime) => {
      const request = { id: "c", spec: commandSpec(["true"]), shim: SHIM };
      const bytes = new Uint8Array(1);
      for (
        const [field, more] of [
          ["image", { image: 1 }],
          ["snapshot.key", { snapshot: { snapshotter: "native", key: "" } }],
          ["extensions.a.value", { extensions: { a: { typeUrl: "t", value: "x" } } }],
          ["extensions.a.typeUrl", { extensions: { a: { typeUrl: "", value: bytes } } }],
          ["replace", { replace: "yes" }],
          ["labels", { labels: "app" }],
        ] as const
      ) {
        const made = runtime.createContainer({ ...request, ...more } as never);
        await rejectsWith(made, "invalid_argument", { field });
      }
      await rejectsWith(runtime.loadContainer("c"), "not_found");
    });
  });

  it("update() refuses what are no changes, and keeps the record", async () => {
    await withRuntime(async (runtime) => {
      const labels = { app: "web" };
      const spec = commandSpec(["true"]);
      const container = await runtime.createContainer({ id: "c", spec, shim: SHIM, labels });
      for (
        const [field, changes] of [
          ["changes", null],
          ["changes", "labels"],
          ["lables", { lables: {} }],
          ["labels", { labels: 3 }],
          ['labels["app"]', { labels: { app: 3 } }],
          ["extensions", { extensions: [] }],
        ] as const
      ) {
        const updated = async () => await container.update?.(changes as never);
        await rejectsWith(updated, "invalid_argument", { field });
      }
      assert.deepEqual((await container.info()).labels, labels);
    });
  });
});
