import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { assertLives } from "../faults/all-lives.ts";
import { Load } from "../faults/load.ts";
import { type Direction, FaultProxy } from "../faults/proxy.ts";
import { startSteady, STEADY_CODE } from "../faults/steady.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { rejection } from "../helpers/rejection.ts";
import { isStress, scale } from "../helpers/scale.ts";

/** Finds a dead connection soon; the stress run has the defaults, and waits for them. */
const health: Partial<GrpcOptions> = isStress
  ? {}
  : { healthIntervalMs: 500, healthTimeoutMs: 500, healthMisses: 2, connectTimeoutMs: 1000 };

/** Numbers that look random, and are the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

let daemon: Daemon;
let proxy: FaultProxy;
let client: Client;
let events: RecordedEvents;
let count = 0;

const countOf = (line: string) => events.lines.filter((each) => each === line).length;

/** Starts a container that runs until {@linkcode endLong}. */
async function startLong(): Promise<string> {
  const id = `long${++count}`;
  await startSteady(client, id);
  return id;
}

/** Ends such a container from outside, and waits for what the client tells of it. */
async function endLong(id: string): Promise<void> {
  const waiting = client.wait(id);
  await daemon.ctr("tasks", "kill", "--signal", "SIGTERM", id);
  const status = await waiting;
  assert.equal(status.state === "exited" && status.code, STEADY_CODE);
  await events.until(`exit ${id}/init ${STEADY_CODE}`);
  await client.delete(id, { force: true });
  assert.equal(events.of(id).filter((line) => line.startsWith("exit")).length, 1);
}

before(async () => {
  daemon = await startDaemon();
  proxy = await FaultProxy.listen(daemon.socket);
  const fallback = containerd({
    rpc: grpc({ address: proxy.address, ...health }),
    stdio: fifo({ directory: `${daemon.home}/fifo` }),
    namespace: daemon.namespace,
  });
  client = new Client(new Registry({}, { fallback }));
  events = await RecordedEvents.open(client);
});
after(async () => {
  await proxy?.pass();
  await client?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await daemon?.stop();
});

describe("a connection to containerd that fails", () => {
  it("events() and wait() survive a connection that is broken off", async () => {
    const id = await startLong();
    const before = countOf("connected");
    await proxy.cut();
    await events.holds("connected", () => countOf("connected") > before);
    await endLong(id);
  });

  it("events() and wait() survive a connection that swallows everything", async () => {
    const id = await startLong();
    const before = [countOf("disconnected"), countOf("connected")] as const;
    proxy.blackhole();
    await events.holds("disconnected", () => countOf("disconnected") > before[0]);
    assert.equal(countOf("connected"), before[1]);
    await proxy.pass();
    await events.holds("connected", () => countOf("connected") > before[1]);
    await endLong(id);
  });

  it("events() tells a container that ends while the connection swallows everything", async () => {
    const id = await startLong();
    const waiting = client.wait(id);
    const before = countOf("disconnected");
    proxy.blackhole();
    await daemon.ctr("tasks", "kill", "--signal", "SIGTERM", id);
    await events.holds("disconnected", () => countOf("disconnected") > before);
    await proxy.pass();
    await events.until(`exit ${id}/init ${STEADY_CODE}`);
    const status = await waiting;
    assert.equal(status.state === "exited" && status.code, STEADY_CODE);
    await client.delete(id, { force: true });
  });

  it("events() and wait() survive a containerd that stands still", async () => {
    const id = await startLong();
    const before = [countOf("disconnected"), countOf("connected")] as const;
    daemon.signal("SIGSTOP");
    try {
      await events.holds("disconnected", () => countOf("disconnected") > before[0]);
      assert.equal(countOf("connected"), before[1]);
    } finally {
      daemon.signal("SIGCONT");
    }
    await events.holds("connected", () => countOf("connected") > before[1]);
    await endLong(id);
  });

  it("calls are refused while there is no socket, and events() goes on when it is back", async () => {
    const id = await startLong();
    const before = countOf("connected");
    for (const fault of ["remove", "refuse"] as const) {
      proxy[fault]();
      await proxy.cut();
      const error = await rejection(client.version());
      assert.equal((error as { readonly code?: string }).code, "unavailable");
      await proxy.restore();
      await client.version();
    }
    await events.holds("connected", () => countOf("connected") > before);
    await endLong(id);
  });

  it("events() goes on after the daemon's own socket was removed, and it was started again", async () => {
    const id = await startLong();
    const before = countOf("connected");
    rmSync(daemon.socket);
    // What is connected stays so.
    await client.version();
    assert.equal(countOf("connected"), before);
    await daemon.restart("SIGTERM");
    await events.holds("connected", () => countOf("connected") > before);
    await endLong(id);
  });

  const cuts = scale(8, 100);
  it(`every process ends once, although the connection is cut ${cuts} times at any byte`, async () => {
    const random = randomNumbers(20_260_101);
    const load = new Load(client, 3);
    const ends = () => events.lines.filter((line) => line.startsWith("exit load")).length;
    try {
      for (let i = 0; i < cuts; i++) {
        const before = ends();
        await events.holds("a further end", () => ends() > before);
        const direction: Direction = random() < 0.5 ? "up" : "down";
        await proxy.cutAfter(direction, Math.floor(random() * 4000));
      }
    } finally {
      await load.stop();
    }
    await assertLives(events, load);
    // One that fails before it is live is not told of again; no end is told twice, though.
    const states = () => events.lines.filter((line) => line.endsWith("connected"));
    await events.holds("it is connected again", () => states().at(-1) === "connected");
    const expected = states().map((_, index) => index % 2 === 0 ? "disconnected" : "connected");
    assert.deepEqual(states(), expected);
  });
});
