import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { containerd } from "../../plugins/containerd/mod.ts";
import { grpc } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import { rejection } from "../helpers/rejection.ts";
import { removeContainer } from "../../plugins/testing/remove-container.ts";
import { EventReader } from "./support/event-reader.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { useDaemon } from "./support/own-daemon.ts";
import { RpcGate } from "./support/rpc-gate.ts";
import { execOf, sleeper, specOf } from "./support/specs.ts";

// A rejection that nobody handles fails the test in which it happens, in all three test runners.

/** Its client sets up for others, and clears up after them. */
const own = useDaemon();
let count = 0;
const newId = () => `abort-call-${++count}`;

const removeAll = (id: string) => removeContainer(own.client, id);

describe("exec() with a signal, later", () => {
  it("exec() leaves no orphan that comes to life while its abort is undone", async () => {
    const id = newId();
    const gate = new RpcGate();
    const client = openClient(own.daemon, { interceptors: [gate.interceptor] });
    const events = await EventReader.open(own.client, id);
    try {
      await client.create(id, sleeper(), RUNC);
      await client.start(id);
      const controller = new AbortController();
      const reason = { why: "enough" };
      const start = gate.hold("Tasks/Start", "before");
      const exec = rejection(
        client.exec(id, "more", execOf("sleep", "600"), { signal: controller.signal }),
      );
      await start.arrived;
      const look = gate.hold("Tasks/Get", "after");
      controller.abort(reason);
      assert.equal(await exec, reason);
      // The undoing has seen that it is not started; now it is.
      await look.arrived;
      start.release();
      await events.until("exec-started", "more");
      look.release();
      await client[Symbol.asyncDispose]();
      const pids = (await own.daemon.ctr("tasks", "ps", id)).trim().split("\n").slice(1);
      assert.equal(pids.length, 1, pids.join("\n"));
    } finally {
      await events[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });
});

describe("wait() with a signal", () => {
  it("wait() rejects with the reason of AbortSignal.timeout(), and can be made again", async () => {
    const id = newId();
    const client = openClient(own.daemon);
    try {
      await client.create(id, sleeper(), RUNC);
      const process = await client.start(id);
      const signal = AbortSignal.timeout(20);
      const reason = await rejection(process.wait({ signal }));
      assert.equal(reason, signal.reason);
      assert.equal((reason as DOMException).name, "TimeoutError");
      const wait = process.wait();
      await client.signalProcess(id, "init", "SIGKILL");
      const status = await wait;
      assert.equal(status.state === "exited" && status.code, 137);
    } finally {
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });

  it("wait() aborted by one caller goes on for the other one", async () => {
    const id = newId();
    const client = openClient(own.daemon);
    try {
      await client.create(id, sleeper(), RUNC);
      await client.start(id);
      const controller = new AbortController();
      const reason = { why: "enough" };
      const aborted = rejection(client.wait(id, "init", { signal: controller.signal }));
      const other = client.wait(id);
      controller.abort(reason);
      assert.equal(await aborted, reason);
      await client.signalProcess(id, "init", "SIGKILL");
      assert.equal((await other).state, "exited");
    } finally {
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });

  it("wait() of a further process rejects with the reason and leaves it running", async () => {
    const id = newId();
    const client = openClient(own.daemon);
    try {
      await client.create(id, sleeper(), RUNC);
      await client.start(id);
      const process = await client.exec(id, "more", execOf("sleep", "600"));
      const controller = new AbortController();
      const reason = new Error("enough");
      const aborted = rejection(process.wait({ signal: controller.signal }));
      controller.abort(reason);
      assert.equal(await aborted, reason);
      assert.equal((await process.status()).state, "running");
    } finally {
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });
});

describe("run() with a signal", () => {
  it("run() aborted while the container runs kills and removes it", async () => {
    const id = newId();
    const client = openClient(own.daemon);
    try {
      const controller = new AbortController();
      const reason = { why: "enough" };
      const running = Promise.withResolvers<void>();
      const run = rejection(client.run(id, specOf("sh", "-c", "echo up; exec sleep 600"), RUNC, {
        signal: controller.signal,
        stdio: {
          stdout: new WritableStream({ write: () => running.resolve() }),
        },
      }));
      await running.promise;
      controller.abort(reason);
      assert.equal(await run, reason);
      await client[Symbol.asyncDispose]();
      assert.deepEqual(await leftovers(own.daemon), NOTHING);
    } finally {
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });

  it("start() aborted by its own callback leaves only the container", async () => {
    const id = newId();
    const client = openClient(own.daemon);
    try {
      await client.create(id, sleeper(), RUNC);
      const controller = new AbortController();
      const reason = { why: "not these streams" };
      const stdio = () => controller.abort(reason);
      const { signal } = controller;
      assert.equal(await rejection(client.start(id, { signal, stdio })), reason);
      await client[Symbol.asyncDispose]();
      assert.deepEqual(await leftovers(own.daemon), { ...NOTHING, containers: [id] });
    } finally {
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });

  it("start() rejects with what its callback throws and leaves only the container", async () => {
    const id = newId();
    const client = openClient(own.daemon);
    try {
      await client.create(id, sleeper(), RUNC);
      const problem = new Error("not these streams");
      const stdio = () => Promise.reject(problem);
      assert.equal(await rejection(client.start(id, { stdio })), problem);
      assert.deepEqual(await leftovers(own.daemon), { ...NOTHING, containers: [id] });
    } finally {
      await client[Symbol.asyncDispose]();
      await removeAll(id);
    }
  });
});

describe("events() with a signal", () => {
  for (const position of ["before", "after"] as const) {
    it(`events() aborted ${position} Subscribe rejects ready and ends quietly`, async () => {
      const gate = new RpcGate();
      const client = openClient(own.daemon, { interceptors: [gate.interceptor] });
      const held = gate.hold("Events/Subscribe", position);
      try {
        const controller = new AbortController();
        const reason = { why: "enough" };
        const stream = client.events({ signal: controller.signal });
        await held.arrived;
        controller.abort(reason);
        assert.equal(await rejection(stream.ready), reason);
        for await (const event of stream) assert.fail(`yielded ${event.type}`);
        held.release();
        await client.version();
      } finally {
        held.release();
        await client[Symbol.asyncDispose]();
      }
    });
  }

  it("events() ends quietly when aborted between two events", async () => {
    const client = openClient(own.daemon);
    try {
      const controller = new AbortController();
      const stream = client.events({ signal: controller.signal });
      await stream.ready;
      const next = stream[Symbol.asyncIterator]().next();
      controller.abort(new Error("enough"));
      assert.deepEqual(await next, { done: true, value: undefined });
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });
});

describe("opening with a signal", () => {
  function gatedOpen() {
    const opening = Promise.withResolvers<AbortSignal | undefined>();
    const go = Promise.withResolvers<void>();
    let opens = 0;
    const connect = grpc({ address: own.daemon.address });
    const plugin = containerd({
      rpc: async (options) => {
        opens++;
        opening.resolve(options?.signal);
        await go.promise;
        return await connect(options);
      },
      namespace: own.daemon.namespace,
    });
    const client = new Client(new Registry({}, { fallback: plugin }));
    return { client, opening: opening.promise, go: go.resolve, opens: () => opens };
  }

  it("version() of one caller opens although another caller's was aborted", async () => {
    const { client, opening, go, opens } = gatedOpen();
    try {
      const controller = new AbortController();
      const reason = { why: "enough" };
      const aborted = rejection(client.version(undefined, { signal: controller.signal }));
      const other = client.version();
      const signal = await opening;
      controller.abort(reason);
      assert.equal(await aborted, reason);
      assert.equal(signal?.aborted, false);
      go();
      assert.match((await other).version, /\d/);
      assert.equal(opens(), 1);
    } finally {
      go();
      await client[Symbol.asyncDispose]();
    }
  });

  it("version() ends the opening when its last caller has aborted, and opens anew", async () => {
    const { client, opening, go, opens } = gatedOpen();
    try {
      const controller = new AbortController();
      const aborted = ["one", "two"].map(() =>
        rejection(client.version(undefined, { signal: controller.signal }))
      );
      const signal = await opening;
      const reason = { why: "enough" };
      controller.abort(reason);
      for (const each of aborted) assert.equal(await each, reason);
      assert.equal(signal?.aborted, true);
      go();
      assert.match((await client.version()).version, /\d/);
      assert.equal(opens(), 2);
    } finally {
      go();
      await client[Symbol.asyncDispose]();
    }
  });
});
