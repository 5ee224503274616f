import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { ManualClock, memory, MemoryHost } from "../../plugins/memory/mod.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { eventually } from "../helpers/eventually.ts";
import { scale } from "../helpers/scale.ts";
import { clientOf, commandSpec, programProcess, programSpec, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

describe("memory()", () => {
  it("memory() and MemoryHost refuse options that are none, by name", async () => {
    await disposeAfter(new MemoryHost(), (host) => {
      for (
        const [field, call] of [
          ["host", () => memory({ host: {} as never })],
          ["seed", () => memory({ host, seed: 1 })],
          ["drainBudgetMs", () => memory({ drainBudgetMs: -1 })],
          ["id", () => memory({ id: "" })],
          ["prorgams", () => memory({ prorgams: {} } as never)],
          ["programs", () => memory({ programs: [] as never })],
          ['programs["a"]', () => memory({ programs: { a: 1 as never } })],
          ["seed", () => new MemoryHost({ seed: 1.5 })],
          ["clock", () => new MemoryHost({ clock: { now: () => 0 } as never })],
          ["files", () => new MemoryHost({ files: null as never })],
          ["startMs", () => new ManualClock(NaN)],
        ] as const
      ) {
        assert.throws(
          call,
          (error) => isContainerError(error, "invalid_argument") && error.field === field,
          field,
        );
      }
      return Promise.resolve();
    });
    const advance = new ManualClock().advance(-1);
    await rejectsWith(advance, "invalid_argument", { field: "durationMs" });
  });

  it("memory() without a host has one of its own, which two plugins do not share", async () => {
    const [one, two] = [memory(), memory()];
    assert.notEqual(one.host, two.host);
    await disposeAfter(await one.open(), async (runtime) => {
      await runtime.createContainer({ id: "c", spec: commandSpec(["true"]), shim: SHIM });
      assert.equal(one.host.residue().containers, 1);
      assert.equal(two.host.residue().containers, 0);
    });
    await one.host[Symbol.asyncDispose]();
    assert.equal(one.host.residue().containers, 0);
  });

  it("several clients see and change the same containers", async () => {
    await runOn({}, async ({ client, host }) => {
      await disposeAfter(clientOf(host, { id: "second" }), async (second) => {
        await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
        await second.start("c");
        await client.exec("c", "x", programProcess({ does: "run" }));
        const waits = [second.wait("c", "x"), client.wait("c", "x")];
        await second.signalProcess("c", "x", "TERM");
        for (const status of await Promise.all(waits)) assertExited(status, 143);
        await client.delete("c", { force: true });
        await rejectsWith(second.status("c"), "not_found", { containerId: "c" });
      });
    });
  });

  it("delete() with force by two clients at once removes once, and both are content", async () => {
    await runOn({}, async ({ client, host }) => {
      await disposeAfter(clientOf(host), async (second) => {
        await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
        const task = await client.start("c");
        await Promise.all([client, second].map((each) => each.delete("c", { force: true })));
        assertExited(await task.wait(), 137);
        assert.equal(host.residue().containers, 0);
      });
    });
  });

  it("a handle tells an end as lost that another client has removed before it was told", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", commandSpec(["sleep", "infinity"]), SHIM);
      const fault = host.faults.hangCalls({ method: "wait", plugin: "memory" });
      const task = await client.start("c");
      await disposeAfter(clientOf(host, { id: "second" }), async (second) => {
        await second.delete("c", { force: true });
      });
      fault.lift();
      assert.equal((await task.wait()).state, "lost");
    });
  });

  it("a record is that which was given, and nobody's change of it counts", async () => {
    await runOn({}, async ({ client }) => {
      const spec = commandSpec(["true"]);
      const value = new Uint8Array([1, 2]);
      const container = await client.create("c", spec, SHIM, {
        labels: { a: "1" },
        extensions: { e: { typeUrl: "t", value } },
        snapshot: { snapshotter: "overlayfs", key: "k" },
      });
      value.fill(0);
      const info = await container.info();
      (info.labels as Record<string, string>)["a"] = "2";
      const again = await container.info();
      assert.equal(again.labels["a"], "1");
      assert.deepEqual([...again.extensions["e"]?.value ?? []], [1, 2]);
      assert.deepEqual(again.snapshot, { snapshotter: "overlayfs", key: "k" });
      assert.deepEqual(again.spec, spec);
      assert.ok(container.update);
      const updated = await container.update({ extensions: { f: { typeUrl: "u", value } } });
      assert.deepEqual(Object.keys(updated.extensions), ["e", "f"]);
      const bad = container.update({ extensions: { g: { typeUrl: "u", value: "v" as never } } });
      await rejectsWith(bad, "invalid_argument", { field: "extensions.g.value" });
    });
  });

  it("listContainers() takes filters as containerd does", async () => {
    await runOn({}, async ({ client }) => {
      for (
        const [id, image, labels] of [
          ["web-1", "example.com/web:1", { app: "web", "a.b": "1" }],
          ["web-2", "example.com/web:2", { app: "web" }],
          ["db", "example.com/db:1", { tier: "back, end" }],
        ] as const
      ) {
        await client.create(id, commandSpec(["true"]), SHIM, { image, labels });
      }
      for (
        const [filters, expected] of [
          [[], ["web-1", "web-2", "db"]],
          [["id==db"], ["db"]],
          [["id!=db"], ["web-1", "web-2"]],
          [["id~=^web"], ["web-1", "web-2"]],
          [["labels.app"], ["web-1", "web-2"]],
          [['labels."a.b"==1'], ["web-1"]],
          [['labels.tier=="back, end"'], ["db"]],
          [["labels.app==web,image~=:2$"], ["web-2"]],
          [["id==db", "id==web-1"], ["web-1", "db"]],
          [[`runtime.name==${SHIM}`], ["web-1", "web-2", "db"]],
          [["nonsense==1"], []],
        ] as const
      ) {
        const found: string[] = [];
        for await (const { id } of client.listContainers({ filters })) found.push(id);
        assert.deepEqual(found, expected, filters.join(" | "));
      }
      for (const filter of ["id==", "==x", "id==a b", "id~=[", 1 as never]) {
        const list = client.listContainers({ filters: [filter] })[Symbol.asyncIterator]();
        await rejectsWith(list.next(), "invalid_argument", { field: "filters[0]" });
      }
    });
  });

  it("containers of one id are told apart by when they were made", async () => {
    await runOn({ clock: new ManualClock() }, async ({ client }) => {
      const times = new Set<number | undefined>();
      for (let i = 0; i < 5; i++) {
        const container = await client.create("c", programSpec({ does: "run" }), SHIM);
        times.add(container.createdAt?.getTime());
        await client.delete("c");
      }
      assert.equal(times.size, 5);
    });
  });

  it("many lifecycles leave nothing", async () => {
    const count = scale(300, 10_000);
    await runOn({}, async ({ client, host }) => {
      const events = client.events();
      await events.ready;
      let exits = 0;
      const reading = (async () => {
        for await (const event of events) if (event.type === "exit") exits++;
      })();
      for (let done = 0; done < count; done += 20) {
        await Promise.all(Array.from({ length: 20 }, async (_, index) => {
          const id = `c${index}`;
          await client.create(id, programSpec({ does: "copy" }), SHIM);
          const task = await client.start(id, { stdio: { stdin: "piped", stdout: "piped" } });
          const exec = await client.exec(id, "x", programProcess({ does: "exit", code: index }));
          assertExited(await exec.wait(), index);
          if (index % 2 === 0) {
            await task.stdio.stdin.close();
            assertExited(await task.wait(), 0);
          }
          await client.delete(id, { force: true });
        }));
        // A reader that falls 4096 events behind is told of a gap.
        await eventually("every exit is told", () => exits === 2 * (done + 20));
      }
      await events[Symbol.asyncDispose]();
      await reading;
      await client[Symbol.asyncDispose]();
      await eventually("every program has returned", () => host.residue().programs === 0);
      const left = Object.entries(host.residue()).filter(([, each]) => each !== 0);
      assert.deepEqual(left, []);
    });
  });
});
