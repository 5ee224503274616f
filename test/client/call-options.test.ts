import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkOptions } from "../../src/check-options.ts";
import { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { Registry } from "../../src/registry.ts";
import { exited, fakePlugin, FakeRuntime, spec } from "./fake-runtime.ts";

const shim = "io.example.fake.v1";
const shell = { cwd: "/", args: ["sh"] };

const refusedFor = (field: string) => (error: unknown) => {
  assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
  assert.equal(error.field, field);
  assert.match(error.message, new RegExp(`"${field}"`));
  return true;
};

async function running() {
  const runtime = new FakeRuntime();
  const client = new Client(new Registry({}, { fallback: fakePlugin(runtime) }));
  await client.create("web", spec, shim);
  await client.start("web");
  return { runtime, client };
}

/** Every call of a client with the options that it is given as its last argument. */
const calls: Readonly<Record<string, (client: Client, options: never) => unknown>> = {
  runtime: (client, options) => client.runtime(shim, options),
  version: (client, options) => client.version(shim, options),
  "version without a shim": (client, options) => client.version(options),
  create: (client, options) => client.create("other", spec, shim, options),
  start: (client, options) => client.start("web", options),
  exec: (client, options) => client.exec("web", "shell", shell, options),
  restore: (client, options) => client.restore("web", options),
  run: (client, options) => client.run("other", spec, shim, options),
  signalProcess: (client, options) => client.signalProcess("web", "init", 15, options),
  resizeTerminal: (client, options) =>
    client.resizeTerminal("web", "init", { columns: 80, rows: 24 }, options),
  closeStdin: (client, options) => client.closeStdin("web", "init", options),
  "closeStdin without a process": (client, options) => client.closeStdin("web", options),
  pause: (client, options) => client.pause("web", options),
  resume: (client, options) => client.resume("web", options),
  stats: (client, options) => client.stats("web", options),
  listPids: (client, options) => client.listPids("web", options),
  summary: (client, options) => client.summary("web", options),
  status: (client, options) => client.status("web", "init", options),
  "status without a process": (client, options) => client.status("web", options),
  wait: (client, options) => client.wait("web", "init", options),
  "wait without a process": (client, options) => client.wait("web", options),
  updateResources: (client, options) => client.updateResources("web", {}, options),
  createCheckpoint: (client, options) => client.createCheckpoint("web", "/tmp/never", options),
  deleteTask: (client, options) => client.deleteTask("web", options),
  delete: (client, options) => client.delete("web", options),
  listContainers: (client, options) =>
    client.listContainers(options)[Symbol.asyncIterator]().next(),
  events: (client, options) => client.events(options).ready,
};

describe("checkOptions()", () => {
  for (const [name, call] of Object.entries(calls)) {
    it(`checkOptions() refuses what ${name} does not have, before anything is done`, async () => {
      const { runtime, client } = await running();
      runtime.calls.length = 0;
      const controller = new AbortController();
      const cases = [
        [{ forse: true }, "forse"],
        [{ stdoi: {} }, "stdoi"],
        [{ signal: controller }, "signal"],
        [controller.signal, "aborted"],
        [null, "options"],
      ] as const;
      for (const [options, field] of cases) {
        const refused = (error: unknown) => {
          assert.ok(isContainerError(error, "invalid_argument"), `${field}: ${error}`);
          assert.equal(error.field, field);
          return true;
        };
        // A null in place of the shim or process stands for the options.
        await assert.rejects(async () => await call(client, options as never), refused);
      }
      assert.deepEqual(runtime.calls, []);
      await client[Symbol.asyncDispose]();
    });
  }

  it("checkOptions() lets a signal pass everywhere", async () => {
    const { signal } = new AbortController();
    for (const name of ["version", "status", "summary", "create"]) {
      const { client } = await running();
      const result = calls[name]?.(client, { signal } as never);
      if (name === "summary") {
        await assert.rejects(async () => await result, /unimplemented|does not have it/);
      } else await result;
    }
    checkOptions({ signal: undefined });
  });

  it("new Client(), new Registry() and plugins refuse what they do not have, also a signal", () => {
    const registry = new Registry();
    const { signal } = new AbortController();
    assert.throws(() => new Client(registry, { signal } as never), refusedFor("signal"));
    assert.throws(() => new Registry({}, { signal } as never), refusedFor("signal"));
    assert.throws(() => new Client(registry, { bakend: {} } as never), refusedFor("bakend"));
    assert.throws(() => new Registry({}, { falback: {} } as never), refusedFor("falback"));
  });
});

describe("Client with what is left out before the options", () => {
  it("wait() takes its options in place of the process id", async () => {
    const { runtime, client } = await running();
    const reason = new Error("enough");
    const waits = [
      (options: CallOptions) => client.wait("web", options),
      (options: CallOptions) => client.wait("web", "init", options),
      (options: CallOptions) => client.wait("web", undefined, options),
    ];
    for (const wait of waits) {
      const abort = new AbortController();
      const task = runtime.containers.get("web")?.current;
      assert.ok(task);
      const asked = Promise.withResolvers<void>();
      const ask = task.wait;
      task.wait = (options) => {
        const waiting = ask.call(task, options);
        asked.resolve();
        return waiting;
      };
      const waiting = wait({ signal: abort.signal });
      await asked.promise;
      abort.abort(reason);
      await assert.rejects(waiting, (error) => error === reason);
    }
  });

  it("status() and version() take their options in place of the id", async () => {
    const { runtime, client } = await running();
    const { signal } = new AbortController();
    assert.equal((await client.status("web", { signal })).state, "running");
    assert.equal((await client.status("web", undefined, { signal })).state, "running");
    assert.equal((await client.version({ signal })).version, "1.0");
    assert.equal(await client.runtime({ signal }), runtime);
    const reason = new Error("enough");
    await assert.rejects(
      client.version({ signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
  });

  it("closeStdin() without a process id closes that of the first one", async () => {
    const { runtime, client } = await running();
    await client.closeStdin("web");
    assert.equal(runtime.calls.at(-1), "close-stdin web");
    await client.closeStdin("web", {});
    assert.equal(runtime.calls.at(-1), "close-stdin web");
  });
});

describe("Client with a process that has ended and is removed", () => {
  it("status() is stopped, with the code, until the id is used again", async () => {
    const { runtime, client } = await running();
    const first = await client.exec("web", "shell", shell);
    const { pid } = first;
    runtime.containers.get("web")?.current?.processes.get("shell")?.end(exited(7));
    await first.exited;
    await client.wait("web", "shell");
    assert.deepEqual(await client.status("web", "shell"), {
      state: "stopped",
      pid,
      code: 7,
      exitedAt: exited(7).exitedAt,
    });
    await client.exec("web", "shell", shell);
    assert.equal((await client.status("web", "shell")).state, "running");
  });

  it("status() of one that was lost is stopped, without a code", async () => {
    const { runtime, client } = await running();
    const { pid } = await client.exec("web", "shell", shell);
    runtime.containers.get("web")?.current?.processes.get("shell")?.end({
      state: "lost",
      reason: "nobody knows",
      noticedAt: new Date(0),
    });
    await client.wait("web", "shell");
    assert.deepEqual(await client.status("web", "shell"), { state: "stopped", pid });
  });

  it("status() of one that never was is not_found", async () => {
    const { client } = await running();
    await assert.rejects(
      client.status("web", "never"),
      (error) => isContainerError(error, "not_found"),
    );
  });
});
