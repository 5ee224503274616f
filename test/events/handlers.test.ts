import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Backend } from "../../src/event-hub.ts";
import { eventually } from "../helpers/eventually.ts";
import { withFake } from "./support/with-fake.ts";

interface Handled {
  readonly backend: Backend;
  /** What was handled to its end, in short. */
  readonly lines: string[];
  readonly errors: unknown[];
  readonly onError: (error: unknown) => void;
}

function handlers(act: (containerId: string, type: string) => void | Promise<void>): Handled {
  const lines: string[] = [];
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const backend: Backend = {
    async processEvent(containerId, type, info) {
      assert.equal(info.containerId, containerId);
      assert.equal(info.type, type);
      await act(containerId, type);
      lines.push(`${type} ${containerId}`);
    },
  };
  return { backend, lines, errors, onError };
}

const life = (id: string) => [`create ${id}`, `start ${id}`, `exit ${id}`, `delete ${id}`];

describe("processEvent() of a backend", () => {
  it("processEvent() that fails is reported, and stops or reorders nothing", async () => {
    const failed: string[] = [];
    const handled = handlers((id, type) => {
      if (id !== "bad" || type === "exit") return;
      failed.push(type);
      throw new Error(`no ${type}`);
    });
    await withFake(async ({ fake, startByOthers }) => {
      for (const id of ["bad", "good"]) await startByOthers(id);
      for (const id of ["bad", "good"]) {
        fake.tasks.exit(id);
        fake.tasks.remove(id);
      }
      await eventually("the last is handled", () => handled.lines.includes("delete good"));
      await eventually("the last has failed", () => handled.errors.length === 3);
      assert.deepEqual(failed, ["create", "start", "delete"]);
      assert.deepEqual(handled.lines.filter((line) => line.endsWith("good")), life("good"));
      assert.deepEqual(handled.lines.filter((line) => line.endsWith("bad")), ["exit bad"]);
      assert.deepEqual(
        handled.errors.map((error) => (error as Error).message),
        ["no create", "no start", "no delete"],
      );
    }, { backend: handled.backend, onError: handled.onError });
  });

  it("processEvent() that throws at once, not by its promise, is the same", async () => {
    const errors: unknown[] = [];
    const seen: string[] = [];
    const backend: Backend = {
      processEvent(id, type) {
        seen.push(`${type} ${id}`);
        throw new Error(type);
      },
    };
    await withFake(async ({ fake, startByOthers }) => {
      await startByOthers("web");
      fake.tasks.exit("web");
      fake.tasks.remove("web");
      await eventually("all have failed", () => errors.length === 4);
      assert.deepEqual(seen, life("web"));
    }, { backend, onError: (error) => void errors.push(error) });
  });

  it("processEvent() that is slow holds up its own container alone, whose order it keeps", async () => {
    const gate = Promise.withResolvers<void>();
    const handled = handlers(async (id) => {
      if (id === "slow") await gate.promise;
    });
    await withFake(async ({ fake, events, startByOthers }) => {
      for (const id of ["slow", "fast"]) {
        await startByOthers(id);
        fake.tasks.exit(id);
        fake.tasks.remove(id);
      }
      await eventually("the other one is handled", () => handled.lines.includes("delete fast"));
      // A stream does not wait for handlers either.
      await events.until("delete slow/init");
      assert.deepEqual(handled.lines, life("fast"));
      gate.resolve();
      await eventually("it is handled", () => handled.lines.includes("delete slow"));
      assert.deepEqual(handled.lines.filter((line) => line.endsWith("slow")), life("slow"));
      assert.deepEqual(handled.errors, []);
    }, { backend: handled.backend, onError: handled.onError });
  });

  it("processEvent() is told of what was missed, once, in order", async () => {
    const handled = handlers(() => {});
    await withFake(async ({ fake, startByOthers, settled }) => {
      await startByOthers("web");
      await settled("web");
      await fake.restart({ state: "kept", meanwhile: () => fake.tasks.lose("web") });
      await eventually("the last is handled", () => handled.lines.includes("delete web"));
      const lines = handled.lines.filter((line) => !line.startsWith("checkpointed"));
      assert.deepEqual(lines, life("web"));
    }, { backend: handled.backend, onError: handled.onError });
  });
});
