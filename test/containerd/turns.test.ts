import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Turns } from "../../plugins/containerd/turns.ts";
import { isContainerError } from "../../src/errors.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { RpcGate } from "./support/rpc-gate.ts";
import { execOf, sleeper } from "./support/specs.ts";

describe("Turns", () => {
  it("take() lets a step wait for the one before it of the same object, also if that fails", async () => {
    const turns = new Turns();
    const log: string[] = [];
    const held = Promise.withResolvers<void>();
    const first = turns.take("web", async () => {
      log.push("first");
      await held.promise;
    });
    const second = turns.take("web", () => Promise.resolve(log.push("second")));
    await turns.take("other", () => Promise.resolve(log.push("other")));
    assert.deepEqual(log, ["first", "other"]);
    held.reject(new Error("failed"));
    await assert.rejects(first, /failed/);
    await second;
    assert.deepEqual(log, ["first", "other", "second"]);
  });
});

describe("steps that are under way", () => {
  let daemon: Daemon;
  let runc: WrappedRunc;

  before(async () => {
    runc = wrapRunc();
    daemon = await startDaemon({ runcDir: runc.dir });
  });
  after(async () => {
    runc?.remove();
    await daemon?.stop();
  });

  it("delete() leaves no task behind that a start makes at the same time", async () => {
    const gate = new RpcGate();
    const client = openClient(daemon, { interceptors: [gate.interceptor] });
    try {
      await client.create("both", sleeper(), RUNC);
      // The first look is for the task to end, the second one before the removal.
      const look = gate.hold("Tasks/Get", "after", { skip: 1 });
      const deleted = client.delete("both", { force: true });
      await look.arrived;
      const started = client.start("both").then(() => "started", (error: unknown) => error);
      await client.version();
      look.release();
      await deleted;
      const outcome = await started;
      assert.ok(isContainerError(outcome, "not_found"), String(outcome));
      assert.deepEqual(await leftovers(daemon), NOTHING);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });

  it("[Symbol.asyncDispose]() waits for the start of a process, which needs its pipes", async () => {
    const client = openClient(daemon);
    const other = openClient(daemon);
    const start = runc.hold("exec", "before", { containerId: "cut" });
    try {
      await client.create("cut", sleeper(), RUNC);
      await client.start("cut");
      const exec = client.exec("cut", "more", execOf("sleep", "600"), {
        stdio: { stdout: "piped" },
      });
      const outcome = exec.then(({ id }) => id, (error: unknown) => error);
      await start.arrived();
      let isDisposed = false;
      const disposed = client[Symbol.asyncDispose]().then(() => void (isDisposed = true));
      await other.version();
      assert.equal(isDisposed, false);
      start.release();
      await disposed;
      assert.equal(await outcome, "more");
    } finally {
      start.release();
      await client[Symbol.asyncDispose]();
      // A shim that waits for its pipes would never let go of the container.
      await other.delete("cut", { force: true, signal: AbortSignal.timeout(60_000) });
      await other[Symbol.asyncDispose]();
    }
  });
});
