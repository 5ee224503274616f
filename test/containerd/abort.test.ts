import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client } from "../../src/client.ts";
import { rejection } from "../helpers/rejection.ts";
import { removeContainer } from "../../plugins/testing/remove-container.ts";
import { type AbortCase, changes, questions } from "./support/abort-cases.ts";
import { type Leftovers, leftovers, NOTHING } from "./support/leftovers.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { useDaemon } from "./support/own-daemon.ts";
import { type Position, RpcGate } from "./support/rpc-gate.ts";
import { sleeper } from "./support/specs.ts";

// A rejection that nobody handles fails the test in which it happens, in all three test runners.

/** Its client sets up for others, and clears up after them. */
const own = useDaemon();
let count = 0;
const newId = () => `abort-${++count}`;

const removeAll = (id: string) => removeContainer(own.client, id);

function expected(rest: AbortCase["rest"], id: string, found: Leftovers): Leftovers {
  switch (rest) {
    case "nothing":
      return NOTHING;
    case "container":
      return { ...NOTHING, containers: [id] };
    case "running":
      return { ...NOTHING, containers: [id], tasks: [id], bundles: [id] };
    case "either":
      // What the call was about may be there or not, but wholly, and nothing else.
      return found.tasks.length > 0 ? expected("running", id, found) : {
        ...NOTHING,
        containers: found.containers.length > 0 ? [id] : [],
      };
  }
}

/** Sets up, and gives the client that makes the call, with nothing held yet. */
async function prepared(test: AbortCase, id: string, gate: RpcGate): Promise<Client> {
  const client = openClient(own.daemon, { interceptors: [gate.interceptor] });
  try {
    if (!test.isForeign) await test.setUp?.(client, id);
    else {
      await test.setUp?.(own.client, id);
      await client.version();
    }
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** Aborts a call when its RPC number `index` is where it is to be stopped. */
async function abortAt(
  test: AbortCase,
  at: {
    readonly client: Client;
    readonly id: string;
    readonly gate: RpcGate;
    readonly index: number;
    readonly position: Position;
  },
): Promise<void> {
  const { client, id, gate, index, position } = at;
  const method = test.calls[index] ?? assert.fail("no such call");
  const skip = test.calls.slice(0, index).filter((call) => call === method).length;
  const held = gate.hold(method, position, { skip });
  try {
    const controller = new AbortController();
    const reason = { why: `${method} ${position}` };
    const rejected = rejection(test.run(client, id, controller.signal));
    await Promise.race([
      held.arrived,
      rejected.then((early) => assert.fail(`ended before it came to ${method}: ${early}`)),
    ]);
    controller.abort(reason);
    // The held call is not let go before: an abort does not wait for a server.
    assert.equal(await rejected, reason);
  } finally {
    held.release();
  }
}

for (const test of changes) {
  describe(`${test.name} with a signal`, () => {
    it(`${test.name} makes the calls of the table, and none if the signal has aborted`, async () => {
      const id = newId();
      const gate = new RpcGate();
      const client = await prepared(test, id, gate);
      try {
        const before = gate.calls.length;
        const reason = { why: "too late" };
        assert.equal(await rejection(test.run(client, id, AbortSignal.abort(reason))), reason);
        assert.deepEqual(gate.calls.slice(before), []);
        await test.run(client, id, new AbortController().signal);
        assert.deepEqual(gate.calls.slice(before), test.calls);
        await removeContainer(client, id);
        await client[Symbol.asyncDispose]();
        assert.deepEqual(await leftovers(own.daemon), NOTHING);
      } finally {
        await client[Symbol.asyncDispose]();
        await removeAll(id);
      }
    });

    for (const [index, method] of test.calls.entries()) {
      for (const position of ["before", "after"] as const) {
        it(`${test.name} leaves no orphan when aborted ${position} ${method} (${index + 1})`, async () => {
          const id = newId();
          const gate = new RpcGate();
          const client = await prepared(test, id, gate);
          try {
            await abortAt(test, { client, id, gate, index, position });
            await client.version();
            await client[Symbol.asyncDispose]();
            const found = await leftovers(own.daemon);
            assert.deepEqual(found, expected(test.rest, id, found));
            if (test.rest === "running") {
              const pids = (await own.daemon.ctr("tasks", "ps", id)).trim().split("\n").slice(1);
              assert.equal(pids.length, 1, pids.join("\n"));
            }
          } finally {
            await client[Symbol.asyncDispose]();
            await removeAll(id);
          }
        });
      }
    }
  });
}

describe("a question with a signal", () => {
  let id: string;
  before(async () => {
    id = newId();
    await own.client.create(id, sleeper(), RUNC);
    await own.client.start(id);
  });
  after(async () => {
    await removeAll(id);
    assert.deepEqual(await leftovers(own.daemon), NOTHING);
  });

  for (const test of questions) {
    const prepare = async (gate: RpcGate): Promise<Client> => {
      const client = openClient(own.daemon, { interceptors: [gate.interceptor] });
      if (test.isForeign) await client.version();
      else await client.status(id);
      await test.setUp?.(own.client, id);
      return client;
    };
    const restore = async () => {
      if ((await own.client.status(id)).state !== "running") await own.client.resume(id);
    };

    it(`${test.name} sends nothing if the signal has aborted`, async () => {
      const gate = new RpcGate();
      const client = await prepare(gate);
      try {
        const before = gate.calls.length;
        const reason = { why: "too late" };
        assert.equal(await rejection(test.run(client, id, AbortSignal.abort(reason))), reason);
        assert.deepEqual(gate.calls.slice(before), []);
      } finally {
        await client[Symbol.asyncDispose]();
        await restore();
      }
    });

    for (const [index, method] of test.calls.entries()) {
      for (const position of ["before", "after"] as const) {
        it(`${test.name} rejects at once when aborted ${position} ${method} (${index + 1})`, async () => {
          const gate = new RpcGate();
          const client = await prepare(gate);
          try {
            const begun = gate.calls.length;
            await abortAt(test, { client, id, gate, index, position });
            assert.deepEqual(gate.calls.slice(begun), test.calls.slice(0, index + 1));
            await client.version();
          } finally {
            await client[Symbol.asyncDispose]();
            await restore();
          }
        });
      }
    }
  }

  it("questions leave the container as it was, and nothing else", async () => {
    assert.deepEqual(await leftovers(own.daemon), expected("running", id, NOTHING));
    assert.equal((await own.client.status(id)).state, "running");
  });
});

describe("a call after an aborted one", () => {
  for (const test of changes.filter(({ rest }) => rest !== "either")) {
    for (const [index, method] of test.calls.entries()) {
      for (const position of ["before", "after"] as const) {
        it(`${test.name} can be made again after an abort ${position} ${method}`, async () => {
          const id = newId();
          const gate = new RpcGate();
          const client = await prepared(test, id, gate);
          try {
            await abortAt(test, { client, id, gate, index, position });
            // At once: what the aborted one had begun is still being undone.
            await test.run(client, id);
            await removeContainer(client, id);
          } finally {
            await client[Symbol.asyncDispose]();
            await removeAll(id);
          }
        });
      }
    }
  }
});
