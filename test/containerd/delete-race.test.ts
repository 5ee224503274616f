import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { scale } from "../helpers/scale.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { RpcGate } from "./support/rpc-gate.ts";
import { sleeper } from "./support/specs.ts";

const ROUNDS = scale(30, 300);

describe("two clients that remove one container", () => {
  let daemon: Daemon;
  let one: Client;
  let other: Client;
  const gate = new RpcGate();

  before(async () => {
    daemon = await startDaemon();
    one = openClient(daemon);
    other = openClient(daemon, { interceptors: [gate.interceptor] });
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });

  async function start(id: string): Promise<void> {
    await one.create(id, sleeper(), RUNC);
    await one.start(id);
  }

  it("delete() with force rejects for neither", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = `both-${round}`;
      await start(id);
      // The second has it from the start or looks it up now, and comes a little later or not.
      if (round % 2 === 0) await other.restore(id);
      await Promise.all([
        one.delete(id, { force: true }),
        (round % 3 === 0 ? other.version() : Promise.resolve())
          .then(() => other.delete(id, { force: true }))
          .catch((error: unknown) => {
            // It was gone before the second one looked for it.
            if (round % 2 === 0 || !isContainerError(error, "not_found")) throw error;
          }),
      ]);
    }
    assert.deepEqual(await leftovers(daemon), NOTHING);
    assert.deepEqual(daemon.shimPids(), []);
  });

  it("deleteTask() with force ends for both, and with the code for one at least", async () => {
    for (let round = 0; round < ROUNDS / 3; round++) {
      const id = `task-${round}`;
      await start(id);
      await other.restore(id);
      const statuses = await Promise.all(
        [one, other].map((client) => client.deleteTask(id, { force: true })),
      );
      const codes = statuses.map((status) => status.state === "exited" ? status.code : "lost");
      assert.ok(codes.includes(137), codes.join());
      assert.ok(codes.every((code) => code === 137 || code === "lost"), codes.join());
      await one.delete(id);
    }
    assert.deepEqual(await leftovers(daemon), NOTHING);
  });

  for (const method of ["Get", "Kill", "Delete"]) {
    it(`delete() with force goes on when the other one is done before its Tasks/${method}`, async () => {
      const id = `before-${method.toLowerCase()}`;
      await start(id);
      await other.restore(id);
      const held = gate.hold(`Tasks/${method}`, "before");
      const late = other.delete(id, { force: true });
      late.catch(() => {}); // awaited below
      await held.arrived;
      await one.delete(id, { force: true });
      held.release();
      await late;
      assert.deepEqual(await leftovers(daemon), NOTHING);
    });
  }
});
