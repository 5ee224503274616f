import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ContainerEvent } from "../../src/events.ts";
import { assertExited } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";

describe("events of containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("C32 a process gives exactly one exit event, and none after its delete", async () => {
    await bed.withEvents(async (events) => {
      await bed.withRunning(["sleep", "3600"], async (id) => {
        const exec = await bed.client.exec(id, "probe", commandProcess("exit 3"));
        assertExited(await exec.wait(), 3);
        await bed.client.signalProcess(id, "init", "KILL");
        assertExited(await bed.client.wait(id), 137);
        await events.untilType(id, "exit", "init");
        await bed.client.deleteTask(id);
        await bed.client.delete(id);
        // What is told of a later container comes after all that is told of this one.
        const barrier = bed.newId();
        await bed.client.run(barrier, commandSpec("exit 0"), SHIM);
        await events.untilType(barrier, "exit", "init");
        const exits = events.types(id).filter((type) => type.startsWith("exit"));
        assert.deepEqual(exits.sort(), ["exit init", "exit probe"]);
      });
    });
  });

  it("C33 events of a container come in order while others run, through events() and a backend", async () => {
    const told = new Map<string, string[]>();
    let inside = new Set<string>();
    const backend = {
      processEvent: async (id: string, type: ContainerEvent["type"]) => {
        assert.ok(!inside.has(id), `two events of ${id} at a time`);
        inside = new Set([...inside, id]);
        await Promise.resolve();
        told.set(id, [...told.get(id) ?? [], type]);
        inside.delete(id);
      },
    };
    const errors: unknown[] = [];
    await bed.withEvents(async (events) => {
      await bed.withClient(async (client) => {
        const ids = await Promise.all(
          Array.from({ length: scale(6, 60) }, async (_, index) => {
            const id = bed.newId();
            const spec = commandSpec(`exit ${index % 50}`);
            assertExited(await client.run(id, spec, SHIM), index % 50);
            await events.untilType(id, "exit", "init");
            return id;
          }),
        );
        const order = ["create", "start", "exit", "delete"];
        for (const id of ids) {
          const types = events.of(id).map(({ type }) => type);
          assert.deepEqual(types, order.slice(0, types.length));
          assert.ok(types.length >= 3);
        }
        await client[Symbol.asyncDispose]();
        for (const id of ids) {
          const types = told.get(id) ?? [];
          assert.deepEqual(types, order.slice(0, types.length));
        }
      }, { backend, onError: (error) => errors.push(error) });
    });
    assert.deepEqual(errors, []);
  });
});
