/**
 * What the worker does on request, each with a client of its own. Runs in workerd: no `node:`.
 */
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { containerd } from "../../plugins/containerd/mod.ts";
import { web } from "../../plugins/web/mod.ts";
import { Client, isContainerError, Registry, type RuntimeEvent } from "../../src/mod.ts";

/** What a scenario is told. */
export interface Setting {
  readonly baseUrl: string;
  readonly namespace: string;
  /** Path of a root file system on the daemon's host. */
  readonly rootfs: string;
  /** An id that no other container has. */
  readonly id: string;
  readonly protocol?: "grpc-web" | "connect";
}

/** What can be told of an error by JSON. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly field?: string | undefined;
}

const SHIM = "io.containerd.runc.v2";

function clientOf({ baseUrl, namespace, protocol }: Setting): Client {
  const fallback = containerd({ rpc: web({ baseUrl, protocol }), namespace });
  return new Client(new Registry({}, { fallback }));
}

function specOf({ rootfs }: Setting): Spec {
  return linuxSpec({ args: ["sleep", "3600"], rootfs, readonlyRootfs: true });
}

async function errorOf(promise: Promise<unknown>): Promise<ToldError | string> {
  try {
    await promise;
    return "no error";
  } catch (error) {
    if (!isContainerError(error)) return String(error);
    const { code, message, field } = error;
    return { code, message, field };
  }
}

/** Resolves when that many calls of a method are open behind the proxy. */
async function untilOpen({ baseUrl }: Setting, method: string, count: number): Promise<void> {
  await (await fetch(`${baseUrl}/calls?method=${method}&count=${count}`)).text();
}

async function remove(client: Client, id: string): Promise<void> {
  await client.deleteTask(id, { force: true }).catch(() => {});
  await client.delete(id).catch(() => {});
  await client[Symbol.asyncDispose]();
}

/** The whole life of a container, with its events. */
async function lifecycle(setting: Setting): Promise<unknown> {
  const { id } = setting;
  const client = clientOf(setting);
  try {
    const stop = new AbortController();
    const events = client.events({ signal: stop.signal });
    await events.ready;
    const seen: RuntimeEvent[] = [];
    const collected = (async () => {
      for await (const event of events) {
        if (!("containerId" in event) || event.containerId !== id) continue;
        seen.push(event);
        // A shim may end before it has told that it deleted its task.
        if (event.type === "exit" && event.processId === "init") stop.abort();
      }
    })();
    const version = await client.version();
    await client.create(id, specOf(setting), SHIM, { labels: { edge: "yes" } });
    const listed: string[] = [];
    for await (const { id } of client.listContainers()) listed.push(id);
    const task = await client.start(id);
    const exec = await client.exec(id, "x", processSpec({ args: ["sh", "-c", "exit 3"] }));
    const execStatus = await exec.wait();
    const pids = await client.listPids(id);
    const stats = await client.stats(id);
    const stateBefore = (await client.status(id)).state;
    await client.signalProcess(id, "init", "KILL");
    const status = await client.wait(id);
    await client.deleteTask(id);
    await client.delete(id);
    await collected;
    return {
      version,
      pid: task.pid,
      listed,
      execStatus,
      pids,
      statsKind: stats.kind,
      stateBefore,
      status,
      events: seen.map((event) =>
        "processId" in event ? [event.type, event.processId] : event.type
      ),
    };
  } finally {
    await remove(client, id);
  }
}

/** What is refused, by whom and how. */
async function errors(setting: Setting): Promise<unknown> {
  const { id } = setting;
  const client = clientOf(setting);
  try {
    const missing = await errorOf(client.start("no-such-container"));
    const badId = await errorOf(client.create("a/b", specOf(setting), SHIM));
    await client.create(id, specOf(setting), SHIM);
    const conflict = await errorOf(client.create(id, specOf(setting), SHIM));
    const piped = await errorOf(client.start(id, { stdio: { stdout: "piped" } }));
    const fromCheckpoint = await errorOf(client.start(id, { checkpointDir: "/checkpoint" }));
    await client.start(id);
    const checkpoint = await errorOf(client.createCheckpoint(id, "/checkpoint"));
    const program = await errorOf(
      client.exec(id, "x", processSpec({ args: ["/no/such/program"] })),
    );
    return { missing, badId, conflict, piped, fromCheckpoint, checkpoint, program };
  } finally {
    await remove(client, id);
  }
}

/** Aborts and disposal end the calls behind the proxy. */
async function aborts(setting: Setting): Promise<unknown> {
  const { id } = setting;
  const client = clientOf(setting);
  const reason = new Error("enough");
  const early = await client.version(undefined, { signal: AbortSignal.abort(reason) })
    .catch((error: unknown) => error === reason);

  const stop = new AbortController();
  const events = client.events({ signal: stop.signal });
  await events.ready;
  await untilOpen(setting, "Subscribe", 1);
  stop.abort();
  for await (const _ of events);
  await untilOpen(setting, "Subscribe", 0);

  try {
    await client.create(id, specOf(setting), SHIM);
    const task = await client.start(id);
    await untilOpen(setting, "Wait", 1);
    const aborting = new AbortController();
    const waiting = task.wait({ signal: aborting.signal }).catch((error: unknown) =>
      error === reason
    );
    aborting.abort(reason);
    const late = await waiting;
    const { state } = await task.status();

    await client[Symbol.asyncDispose]();
    await untilOpen(setting, "Wait", 0);
    const closed = await errorOf(task.status());
    return { early, late, state, closed };
  } finally {
    await remove(clientOf(setting), id);
  }
}

/** There is nobody at that address. */
async function dead(setting: Setting): Promise<unknown> {
  const client = clientOf(setting);
  return await errorOf(client.version()).finally(() => client[Symbol.asyncDispose]());
}

/** What the worker has and has not. */
function environment(): Promise<unknown> {
  return Promise.resolve({
    process: typeof Reflect.get(globalThis, "process"),
    buffer: typeof Reflect.get(globalThis, "Buffer"),
    userAgent: navigator.userAgent,
  });
}

/** The scenarios by name. */
export const scenarios: Readonly<Record<string, (setting: Setting) => Promise<unknown>>> = {
  lifecycle,
  errors,
  aborts,
  dead,
  environment,
};
