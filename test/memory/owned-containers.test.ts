import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rejectsWith } from "../../plugins/testing/assertions.ts";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { eventually } from "../helpers/eventually.ts";
import { clientOf, commandSpec, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

const spec = commandSpec(["sleep", "infinity"]);

async function idsOf(client: Client): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of client.listContainers()) ids.push(id);
  return ids;
}

describe("create({ remove: true })", () => {
  it("create() with remove is undone when the client is disposed, whatever its state", async () => {
    await runOn({}, async ({ host, client }) => {
      const owner = clientOf(host);
      for (const id of ["made", "running", "paused", "ended"]) {
        await owner.create(id, spec, SHIM, { remove: true });
        if (id !== "made") await owner.start(id);
      }
      await owner.create("kept", spec, SHIM);
      await owner.create("kept-too", spec, SHIM, { remove: false });
      await owner.pause("paused");
      await owner.signalProcess("ended", "init", "KILL");
      await owner.wait("ended");
      await owner[Symbol.asyncDispose]();
      assert.deepEqual(await idsOf(client), ["kept", "kept-too"]);
      assert.equal(host.residue().tasks, 0);
    });
  });

  it("create() with remove leaves another container alone that has its id by then", async () => {
    await runOn({}, async ({ host, client }) => {
      const errors: unknown[] = [];
      const owner = clientOf(host, { onError: (error) => errors.push(error) });
      await owner.create("gone", spec, SHIM, { remove: true });
      await owner.create("replaced", spec, SHIM, { remove: true });
      await owner.create("remade", spec, SHIM, { remove: true });
      await owner.delete("remade");
      await owner.create("remade", spec, SHIM);
      const before = await client.runtime().then((runtime) => runtime.loadContainer("replaced"));
      await client.delete("gone");
      await client.delete("replaced");
      // Containers are told apart by when they were made.
      while (Date.now() <= (before.createdAt?.getTime() ?? 0)) await Promise.resolve();
      await client.create("replaced", spec, SHIM);
      await client.start("replaced");
      await owner[Symbol.asyncDispose]();
      assert.equal((await client.status("replaced")).state, "running");
      assert.ok(await client.runtime().then((runtime) => runtime.loadContainer("remade")));
      await rejectsWith(client.start("gone"), "not_found");
      assert.deepEqual(errors, []);
    });
  });

  it("create() with remove tells onError of what could not be removed, and ends all the same", async () => {
    await runOn({}, async ({ host, client }) => {
      const errors: unknown[] = [];
      const owner = clientOf(host, { onError: (error) => errors.push(error) });
      await owner.create("a", spec, SHIM, { remove: true });
      await owner.create("b", spec, SHIM, { remove: true });
      const fault = host.faults.failCalls({
        method: "deleteContainer",
        containerId: "a",
        code: "permission_denied",
      });
      await owner[Symbol.asyncDispose]();
      fault.lift();
      assert.deepEqual(errors.map((error) => isContainerError(error, "permission_denied")), [true]);
      assert.deepEqual(await idsOf(client), ["a"]);
    });
  });

  it("create() refuses a remove that is no boolean, and run() any", async () => {
    await runOn({}, async ({ client }) => {
      const no = "no" as unknown as boolean;
      await rejectsWith(client.create("a", spec, SHIM, { remove: no }), "invalid_argument", {
        field: "remove",
      });
      const more = { remove: true } as object;
      await rejectsWith(client.run("a", spec, SHIM, more), "invalid_argument", { field: "remove" });
    });
  });

  it("Client disposed twice at once removes what it owns, and both wait for that", async () => {
    await runOn({}, async ({ host, client }) => {
      const errors: unknown[] = [];
      const owner = clientOf(host, { onError: (error) => errors.push(error) });
      await owner.create("a", spec, SHIM, { remove: true });
      await owner.start("a");
      await Promise.all([owner[Symbol.asyncDispose](), owner[Symbol.asyncDispose]()]);
      assert.deepEqual(await idsOf(client), []);
      assert.deepEqual(errors, []);
    });
  });

  it("Client disposed during run() ends it with unavailable, and leaves nothing", async () => {
    await runOn({}, async ({ host, client }) => {
      const owner = clientOf(host);
      const input = new TransformStream<Uint8Array, Uint8Array>();
      const running = rejectsWith(
        owner.run("a", commandSpec(["cat"]), SHIM, { stdio: { stdin: input.readable } }),
        "unavailable",
      );
      await eventually("it runs", async () => {
        return (await client.status("a").catch(() => undefined))?.state === "running";
      });
      await owner[Symbol.asyncDispose]();
      await running;
      assert.deepEqual(await idsOf(client), []);
      assert.equal(host.residue().tasks, 0);
      await rejectsWith(owner.create("b", spec, SHIM), "unavailable");
    });
  });

  it("Client disposed during create() with remove leaves no container", async () => {
    await runOn({}, async ({ host, client }) => {
      const owner = clientOf(host);
      await owner.version();
      const fault = host.faults.hangCalls({ method: "createContainer", work: "done" });
      const creating = rejectsWith(owner.create("a", spec, SHIM, { remove: true }), "unavailable");
      await eventually("it is made", async () => (await idsOf(client)).length === 1);
      const disposed = owner[Symbol.asyncDispose]();
      fault.lift();
      await Promise.all([disposed, creating]);
      assert.deepEqual(await idsOf(client), []);
    });
  });
});
