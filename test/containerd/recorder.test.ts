import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { archive } from "../../plugins/archive/mod.ts";
import { asContainerd } from "../../plugins/containerd/as-containerd.ts";
import { connect } from "../../plugins/auto/mod.ts";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc } from "../../plugins/grpc/mod.ts";
import {
  type FlightRecorder,
  flightRecorder,
  parseRecording,
  replay,
} from "../../plugins/recorder/mod.ts";
import { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import type { RuntimeEvent } from "../../src/events.ts";
import { Registry } from "../../src/registry.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";

let bed: Bed;

/** A client of the daemon whose calls, down to the remote ones, are taken down. */
function recordedClient(recorder: FlightRecorder): Client {
  const fallback = containerd({
    rpc: grpc({ address: bed.daemon.address, interceptors: [recorder.interceptor] }),
    stdio: fifo({ directory: `${bed.daemon.home}/fifo` }),
    archiver: archive(),
    namespace: bed.daemon.namespace,
  });
  return new Client(new Registry({}, { fallback }), { recorder });
}

/** Reads events all the time; gives what waits until one of them has come. */
async function eventsOf(client: Client) {
  const told: RuntimeEvent[] = [];
  const wakes = new Set<() => void>();
  const events = client.events();
  const reading = (async () => {
    for await (const event of events) {
      told.push(event);
      for (const wake of wakes) wake();
    }
  })();
  await events.ready;
  return {
    brought: async (matches: (event: RuntimeEvent) => boolean) => {
      while (!told.some(matches)) await new Promise<void>((resolve) => void wakes.add(resolve));
    },
    close: async () => {
      await events[Symbol.asyncDispose]();
      await reading;
    },
  };
}

describe("flightRecorder() with containerd", () => {
  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed.stop());

  it("replay() replays what was recorded of a real daemon", async () => {
    const recorder = flightRecorder({ contents: true });
    const client = recordedClient(recorder);
    const id = bed.newId();
    try {
      const events = await eventsOf(client);
      await client.create(id, commandSpec("trap 'exit 7' TERM; echo ready; sleep 99 & wait"), SHIM);
      await assert.rejects(
        client.create(id, commandSpec("true"), SHIM),
        (error) => isContainerError(error, "conflict"),
      );
      const init = await client.start(id, { stdio: { stdout: "piped" } });
      const output = init.stdio.stdout.getReader();
      const { value } = await output.read();
      assert.equal(new TextDecoder().decode(value), "ready\n");
      const cat = await client.exec(id, "cat", commandProcess(["cat"]), {
        stdio: { stdin: "piped", stdout: "piped" },
      });
      const writer = cat.stdio.stdin.getWriter();
      await writer.write(new TextEncoder().encode("copied"));
      await writer.close();
      assert.equal(await new Response(cat.stdio.stdout).text(), "copied");
      await cat.wait();
      await events.brought((event) => event.type === "exit" && event.processId === "cat");
      await client.pause(id);
      assert.equal((await client.status(id)).state, "paused");
      await client.resume(id);
      await client.signalProcess(id, "init", "TERM");
      const status = await client.wait(id);
      assert.equal(status.state === "exited" && status.code, 7);
      await events.brought((event) => event.type === "exit" && event.processId === "init");
      await client.deleteTask(id);
      await events.brought((event) => event.type === "delete" && event.processId === "init");
      await client.delete(id);
      await events.close();
    } finally {
      await client[Symbol.asyncDispose]();
      await bed.remove(id);
    }
    const recording = parseRecording(JSON.stringify(recorder));
    const result = await replay(recording);
    assert.deepEqual(result.differences, [], recorder.text());
    assert.deepEqual(await replay(recording), result);
    const rpcs = recording.entries.flatMap((entry) => entry.kind === "rpc" ? [entry] : []);
    const start = rpcs.find(({ method, processId }) =>
      method === "containerd.services.tasks.v1.Tasks/Start" && processId === "cat"
    );
    assert.equal(start?.containerId, id);
    const subscribed = rpcs.find(({ method }) => method.endsWith("Events/Subscribe"));
    assert.equal(subscribed?.streams, true);
    const ended = recording.entries.find((entry) =>
      entry.kind === "rpc-return" && entry.rpc === subscribed?.rpc
    );
    assert.ok(ended?.kind === "rpc-return" && ended.received >= 6, `${ended?.kind}`);
  });

  it("flightRecorder() leaves what only containerd has as it is", async () => {
    const recorder = flightRecorder();
    const client = recordedClient(recorder);
    try {
      const api = asContainerd(await client.runtime());
      assert.equal(await api.health(), true);
      assert.ok((await api.plugins()).length > 0);
      const called = recorder.entries().flatMap((entry) =>
        entry.kind === "rpc" ? [entry.method] : []
      );
      assert.ok(called.includes("grpc.health.v1.Health/Check"), called.join());
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });

  it("connect() takes a recorder, which takes down remote procedure calls, too", async () => {
    const recorder = flightRecorder();
    const { address, namespace } = bed.daemon;
    const client = await connect({ address, namespace, recorder });
    try {
      await assert.rejects(
        client.status("no-such"),
        (error) => isContainerError(error, "not_found"),
      );
    } finally {
      await client[Symbol.asyncDispose]();
    }
    const failed = recorder.entries().flatMap((entry) =>
      entry.kind === "return" || entry.kind === "rpc-return" ? [`${entry.kind} ${entry.code}`] : []
    );
    assert.ok(failed.includes("return not_found"), failed.join());
    assert.ok(failed.includes("rpc-return not_found"), failed.join());
  });
});
