import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { containerd } from "../../plugins/containerd/mod.ts";
import { web, type WebOptions } from "../../plugins/web/mod.ts";
import { isContainerError } from "../../src/errors.ts";
import { Client, type ContainerEvent, Registry, type RuntimeEvent } from "../../src/mod.ts";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { ProxyProcess } from "../edge/proxy-process.ts";
import { found, sharedRootfs } from "../helpers/cache.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { taskIds } from "../helpers/leaks.ts";

const SHIM = "io.containerd.runc.v2";
const sleeper = linuxSpec({
  args: ["sleep", "3600"],
  rootfs: found(sharedRootfs),
  readonlyRootfs: true,
});

describe("Client over web()", () => {
  let daemon: Daemon;
  let proxy: ProxyProcess;
  let ids = 0;

  before(async () => {
    daemon = await startDaemon();
    proxy = await ProxyProcess.start({ address: daemon.address });
  });

  after(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });

  async function withClient(
    options: Partial<WebOptions>,
    test: (client: Client, id: string) => Promise<void>,
  ): Promise<void> {
    const rpc = web({ baseUrl: proxy.baseUrl, ...options });
    const fallback = containerd({ rpc, namespace: daemon.namespace });
    const client = new Client(new Registry({}, { fallback }));
    const id = `web-${++ids}`;
    try {
      await test(client, id);
    } finally {
      await client.deleteTask(id, { force: true }).catch(() => {});
      await client.delete(id).catch(() => {});
      await client[Symbol.asyncDispose]();
    }
  }

  for (const protocol of ["grpc-web", "connect"] as const) {
    it(`run() and exec() work over ${protocol}, with live events`, async () => {
      await withClient({ protocol }, async (client, id) => {
        const { version } = await client.version();
        assert.ok(version.includes(`${daemon.version}.`), version);
        const stop = new AbortController();
        const events = client.events({ signal: stop.signal });
        await events.ready;
        await client.create(id, sleeper, SHIM);
        const task = await client.start(id);
        const exec = await client.exec(id, "x", processSpec({ args: ["sh", "-c", "exit 3"] }));
        const ended = await exec.wait();
        assert.ok(ended.state === "exited" && ended.code === 3);
        await task.kill("KILL");
        const status = await task.wait();
        assert.ok(status.state === "exited" && status.code === 137);
        const types: string[] = [];
        for await (const event of events) {
          if (!isOf(event, id)) continue;
          types.push(event.type);
          if (event.type === "exit" && event.processId === "init") stop.abort();
        }
        assert.deepEqual(types, ["create", "start", "exec-added", "exec-started", "exit", "exit"]);
        await client.deleteTask(id);
        await client.delete(id);
        assert.deepEqual(await taskIds(daemon), []);
      });
    });
  }

  it("start() refuses streams and checkpoints with unimplemented", async () => {
    await withClient({}, async (client, id) => {
      await client.create(id, sleeper, SHIM);
      const isRefused = (error: unknown) =>
        isContainerError(error, "unimplemented") && error.message.includes(`"${id}"`);
      await assert.rejects(client.start(id, { stdio: { stdout: "piped" } }), isRefused);
      await assert.rejects(client.start(id, { checkpointDir: "/checkpoint" }), isRefused);
      await client.start(id);
      await assert.rejects(client.createCheckpoint(id, "/checkpoint"), isRefused);
    });
  });

  it("start() maps the errors of containerd", async () => {
    await withClient({}, async (client, id) => {
      await assert.rejects(client.start(id), (error) => isContainerError(error, "not_found"));
      await client.create(id, sleeper, SHIM);
      await assert.rejects(
        client.create(id, sleeper, SHIM),
        (error) => isContainerError(error, "conflict"),
      );
    });
  });

  it("events() and dispose end the calls behind the proxy", async () => {
    await withClient({}, async (client, id) => {
      const stop = new AbortController();
      const events = client.events({ signal: stop.signal });
      await events.ready;
      await proxy.untilOpen("Subscribe", 1);
      stop.abort();
      for await (const _ of events);
      await proxy.untilOpen("Subscribe", 0);
      await client.create(id, sleeper, SHIM);
      await client.start(id);
      await proxy.untilOpen("Wait", 1);
      await client[Symbol.asyncDispose]();
      await proxy.untilOpen("Wait", 0);
    });
    // What the disposed client could not remove.
    await withClient({}, async (client) => {
      await client.deleteTask(`web-${ids - 1}`, { force: true });
      await client.delete(`web-${ids - 1}`);
    });
  });

  it("wait() rejects with the reason of an abort, and the process runs on", async () => {
    await withClient({}, async (client, id) => {
      await client.create(id, sleeper, SHIM);
      const task = await client.start(id);
      await proxy.untilOpen("Wait", 1);
      const stop = new AbortController();
      const reason = new Error("enough");
      const waiting = client.wait(id, "init", { signal: stop.signal });
      stop.abort(reason);
      await assert.rejects(waiting, (error) => error === reason);
      assert.equal((await task.status()).state, "running");
    });
  });

  it("wait() and events() outlive a proxy that is killed and started again", async () => {
    let own = await ProxyProcess.start({ address: daemon.address });
    const { baseUrl, port } = own;
    try {
      await withClient({ baseUrl }, async (client, id) => {
        const events = client.events();
        await events.ready;
        const iterator = events[Symbol.asyncIterator]();
        const until = async (wanted: string) => {
          for (;;) {
            const { done, value } = await iterator.next();
            assert.ok(!done, `no ${wanted}`);
            if (value.type === wanted) return;
          }
        };
        await client.create(id, sleeper, SHIM);
        const task = await client.start(id);
        const waiting = task.wait();
        await own.untilOpen("Wait", 1);

        await own[Symbol.asyncDispose]();
        await until("disconnected");
        await assert.rejects(task.status(), (error) => {
          assert.ok(isContainerError(error, "unavailable"));
          assert.ok(error.message.includes(`"${baseUrl}"`), error.message);
          return true;
        });

        own = await ProxyProcess.start({ address: daemon.address, port });
        await until("connected");
        await task.kill("KILL");
        const status = await waiting;
        assert.ok(status.state === "exited" && status.code === 137);
        await until("exit");
      });
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });

  it("headers open a proxy that wants a token", async () => {
    const guarded = await ProxyProcess.start({ address: daemon.address, token: "s3cret" });
    try {
      const { baseUrl } = guarded;
      await withClient({ baseUrl }, async (client) => {
        await assert.rejects(
          client.version(),
          (error) => isContainerError(error, "unauthenticated"),
        );
      });
      const headers = () => Promise.resolve({ authorization: "Bearer s3cret" });
      await withClient({ baseUrl, headers }, async (client) => {
        assert.notEqual((await client.version()).version, "");
      });
    } finally {
      await guarded[Symbol.asyncDispose]();
    }
  });

  it("version() works behind a proxy that does not offer the question for health", async () => {
    const without = ["grpc.health.v1.Health"];
    const bare = await ProxyProcess.start({ address: daemon.address, without });
    try {
      await withClient({ baseUrl: bare.baseUrl }, async (client) => {
        assert.notEqual((await client.version()).version, "");
      });
    } finally {
      await bare[Symbol.asyncDispose]();
    }
  });
});

function isOf(event: RuntimeEvent, id: string): event is ContainerEvent {
  return "containerId" in event && event.containerId === id;
}
