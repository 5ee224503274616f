import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { connect, type ConnectOptions } from "../../plugins/auto/mod.ts";
import type { StateChange } from "../../plugins/supervisor/mod.ts";
import type { Client } from "../../src/client.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";
import { runScript } from "../helpers/runtime.ts";
import { type SupervisorBed, useSupervisorBed } from "../supervisor/support/supervisor-bed.ts";
import { RUNC } from "./support/open-client.ts";
import { sleeper, specOf } from "./support/specs.ts";

let bed: SupervisorBed;
useSupervisorBed((each) => bed = each);

async function connectHere(
  supervise: ConnectOptions["supervise"] & object = {},
  options: ConnectOptions = {},
): Promise<Client> {
  const { signal: _, ...own } = bed.options();
  const namespace = bed.namespace;
  return bed.own(await connect({ namespace, ...options, supervise: { ...own, ...supervise } }));
}

describe("connect() with supervise", () => {
  it("connect() starts a daemon, says so, and stops it when the client is disposed", async () => {
    const client = await connectHere();
    assert.deepEqual(client.describe(), {
      runtime: "containerd",
      address: `unix://${bed.home}/containerd.sock`,
      reason: "private containerd, supervised",
    });
    assert.equal(bed.daemonPids().length, 1);
    const status = await client.run("job", specOf("sh", "-c", "exit 7"), RUNC);
    assert.equal(status.state === "exited" && status.code, 7);
    await client[Symbol.asyncDispose]();
    assert.deepEqual(bed.daemonPids(), []);
    assert.ok(!existsSync(`${bed.home}/containerd.sock`));
    await client[Symbol.asyncDispose]();
  });

  it("connect() finds the containers that the client before has left", async () => {
    const first = await connectHere();
    await first.create("web", sleeper(), RUNC);
    const { pid } = await first.start("web");
    await first[Symbol.asyncDispose]();
    assert.ok(isRunning(pid));
    const second = await connectHere();
    const { alive, pid: found } = await second.restore("web");
    assert.ok(alive);
    assert.equal(found, pid);
    await second.delete("web", { force: true });
  });

  it("connect() keeps the daemon running where that was asked for", async () => {
    const first = await connectHere({ keepRunning: true });
    const [pid] = bed.daemonPids();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(bed.daemonPids(), [pid]);
    const second = await connectHere();
    assert.deepEqual(bed.daemonPids(), [pid]);
    await second[Symbol.asyncDispose]();
    assert.deepEqual(bed.daemonPids(), []);
  });

  it("connect() has a client that goes on after its daemon was killed", async () => {
    const client = await connectHere();
    await client.create("web", sleeper(), RUNC);
    await client.start("web");
    const ended = client.wait("web");
    process.kill(bed.daemonPids()[0] ?? 0, "SIGKILL");
    await eventually("the restart", () => bed.states.at(-1) === "running" && bed.states.length > 2);
    await client.signalProcess("web", "init", "SIGKILL");
    const status = await ended;
    assert.equal(status.state === "exited" && status.code, 137);
    await client.delete("web", { force: true });
  });

  it("connect() rejects as supervise() does, and leaves nothing", async () => {
    await connectHere();
    const error = await rejection(connectHere()) as Error & { code: string };
    assert.equal(error.code, "conflict");
    assert.equal(bed.daemonPids().length, 1);
  });

  it("connect() tells the log of a daemon that does not start", async () => {
    const error = await rejection(connectHere({ config: "[broken" })) as Error & { code: string };
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /^Cannot start containerd ".*": ended with exit code 1\n/);
    assert.deepEqual(bed.daemonPids(), []);
  });

  it("connect() that is aborted leaves no daemon", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const starting = connectHere({}, { signal: controller.signal });
    const outcome = rejection(starting);
    await eventually("the start", () => bed.states.includes("starting"));
    controller.abort(reason);
    assert.equal(await outcome, reason);
    assert.deepEqual(bed.daemonPids(), []);
  });

  it("connect() that fails stops the daemon that it has started, also with keepRunning", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { signal } = controller;
    // The daemon runs, and the connection to it is what is aborted.
    const onState = ({ state }: StateChange) => state === "running" && controller.abort(reason);
    assert.equal(await rejection(connectHere({ keepRunning: true, onState }, { signal })), reason);
    assert.deepEqual(bed.daemonPids(), []);
    assert.ok(!existsSync(`${bed.home}/owner`));
  });

  it("connect() that fails leaves the daemon running that it has taken over", async () => {
    const first = await bed.supervise();
    const { pid } = first;
    await first.detach();
    const controller = new AbortController();
    const reason = new Error("enough");
    const onState = ({ state }: StateChange) => state === "running" && controller.abort(reason);
    const { signal } = controller;
    assert.equal(await rejection(connectHere({ onState }, { signal })), reason);
    assert.deepEqual(bed.daemonPids(), [pid]);
    assert.equal((await bed.supervise()).pid, pid);
  });

  it("connect() that fails tells why, and not that the daemon could not be stopped", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const kill = process.kill;
    const onState = ({ state }: StateChange) => {
      if (state !== "running") return;
      controller.abort(reason);
      process.kill = () => {
        throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
      };
    };
    try {
      const { signal } = controller;
      assert.equal(await rejection(connectHere({ onState }, { signal })), reason);
      assert.equal(bed.daemonPids().length, 1);
    } finally {
      process.kill = kill;
    }
  });

  it("connect() has a namespace of its own by default", async () => {
    const env = process.env["CONTAINERD_NAMESPACE"];
    delete process.env["CONTAINERD_NAMESPACE"];
    try {
      const client = await connectHere({}, { namespace: undefined });
      const { asContainerd } = await import("../../plugins/containerd/mod.ts");
      await client.create("web", sleeper(), RUNC);
      const names = await asContainerd(await client.runtime()).namespaces.list();
      assert.deepEqual(names.map(({ name }) => name), ["libcontainerd"]);
      await client.delete("web");
    } finally {
      if (env !== undefined) process.env["CONTAINERD_NAMESPACE"] = env;
    }
  });

  it("connect() does not load the supervisor for those who do not ask for it", async () => {
    const script = new URL("../supervisor/support/loaded-child.ts", import.meta.url);
    const { code, stdout, stderr } = await runScript("node24", script, [bed.home]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "before: no supervisor\nafter: supervisor\n");
  });
});
