import type { Client } from "../../../src/client.ts";
import { processSpec } from "../../../src/oci/process-spec.ts";
import { RUNC } from "./open-client.ts";
import { execOf, sleeper, specOf } from "./specs.ts";

/** What is in containerd after the aborted call is undone. */
export type Rest = "nothing" | "container" | "running" | "either";

/** A call that is aborted at each of its RPCs. */
export interface AbortCase {
  /** What it is called. */
  readonly name: string;
  /** Brings the container to where the call can be made. */
  readonly setUp?: (client: Client, id: string) => Promise<unknown>;
  /** Whether another client makes the call than the one that set up. */
  readonly isForeign?: boolean;
  /** Makes the call. */
  readonly run: (client: Client, id: string, signal?: AbortSignal) => Promise<unknown>;
  /** Every RPC of the call, in order. */
  readonly calls: readonly string[];
  /** What is left by the call when it was aborted; `either` if that depends on where. */
  readonly rest: Rest;
}

const create = (client: Client, id: string) => client.create(id, sleeper(), RUNC);
const start = async (client: Client, id: string) => {
  await create(client, id);
  await client.start(id);
};
const end = async (client: Client, id: string) => {
  await client.create(id, specOf("true"), RUNC);
  await (await client.start(id)).wait();
};
/** Streams of the caller's own: `run()` gives no handle to piped ones. */
const pumped = () => ({ stdout: new WritableStream(), stderr: new WritableStream() });
const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
const killed = ["Tasks/Get", "Tasks/Kill", "Tasks/Metrics", "Tasks/Delete"];
const deleted = ["Tasks/Get", "Containers/Delete"];
/** Somebody else may have removed the container, and made another one of that id. */
const look = "Containers/Get";
const found = [look, "Tasks/Get"];

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** The calls of a client that start, end or change something. */
export const changes: readonly AbortCase[] = [
  {
    name: "create()",
    run: (client, id, signal) => client.create(id, sleeper(), RUNC, { signal }),
    calls: ["Containers/Create"],
    rest: "nothing",
  },
  {
    name: "create() with replace",
    setUp: start,
    isForeign: true,
    run: (client, id, signal) => client.create(id, sleeper(), RUNC, { signal, replace: true }),
    calls: [
      "Containers/Create",
      ...found,
      ...killed,
      ...deleted,
      "Containers/Create",
    ],
    rest: "either",
  },
  {
    name: "start()",
    setUp: create,
    run: (client, id, signal) => client.start(id, { signal, stdio: piped }),
    calls: [look, "Tasks/Create", "Tasks/Start"],
    rest: "container",
  },
  {
    name: "start() with a callback",
    setUp: create,
    run: (client, id, signal) => client.start(id, { signal, stdio: () => {} }),
    // Once more, to see in its spec whether there is a terminal.
    calls: [look, look, "Tasks/Create", "Tasks/Start"],
    rest: "container",
  },
  {
    name: "exec()",
    setUp: start,
    run: (client, id, signal) =>
      client.exec(id, "more", execOf("sleep", "600"), { signal, stdio: piped }),
    calls: ["Tasks/Exec", "Tasks/Start"],
    rest: "running",
  },
  {
    name: "exec() with a terminal",
    setUp: start,
    isForeign: true,
    run: (client, id, signal) =>
      client.exec(id, "more", processSpec({ args: ["sleep", "600"], terminal: true }), { signal }),
    calls: [...found, "Tasks/Exec", "Tasks/Start"],
    rest: "running",
  },
  {
    name: "run()",
    run: (client, id, signal) => client.run(id, specOf("true"), RUNC, { signal, stdio: pumped() }),
    calls: ["Containers/Create", "Tasks/Create", "Tasks/Start", "Tasks/Delete", ...deleted],
    rest: "nothing",
  },
  {
    name: "deleteTask()",
    setUp: end,
    run: (client, id, signal) => client.deleteTask(id, { signal }),
    // It first looks whether another task was started meanwhile.
    calls: ["Tasks/Get", "Tasks/Delete"],
    rest: "either",
  },
  {
    name: "deleteTask() with force",
    setUp: start,
    run: (client, id, signal) => client.deleteTask(id, { signal, force: true }),
    calls: killed,
    rest: "either",
  },
  {
    name: "delete()",
    setUp: create,
    run: (client, id, signal) => client.delete(id, { signal }),
    calls: [look, ...deleted],
    rest: "either",
  },
  {
    name: "delete() with force",
    setUp: start,
    run: (client, id, signal) => client.delete(id, { signal, force: true }),
    calls: [look, ...killed, ...deleted],
    rest: "either",
  },
];

/** The calls of a client on a running container, without input, that leave it running. */
export const questions: readonly AbortCase[] = [
  {
    name: "restore()",
    isForeign: true,
    run: (client, id, signal) => client.restore(id, { signal }),
    calls: [...found, "Tasks/Get"],
    rest: "running",
  },
  {
    name: "restore() with a shim",
    isForeign: true,
    run: (client, id, signal) => client.restore(id, { signal, shim: RUNC }),
    calls: [...found, "Tasks/Get"],
    rest: "running",
  },
  {
    name: "wait()",
    isForeign: true,
    // Aborted while it finds the process; the container does not end.
    run: (client, id, signal) => client.wait(id, "init", { signal }),
    calls: found,
    rest: "running",
  },
  {
    name: "status()",
    run: (client, id, signal) => client.status(id, "init", { signal }),
    calls: ["Tasks/Get"],
    rest: "running",
  },
  {
    name: "stats()",
    run: (client, id, signal) => client.stats(id, { signal }),
    calls: ["Tasks/Metrics"],
    rest: "running",
  },
  {
    name: "listPids()",
    run: (client, id, signal) => client.listPids(id, { signal }),
    calls: ["Tasks/ListPids"],
    rest: "running",
  },
  {
    name: "pause()",
    run: (client, id, signal) => client.pause(id, { signal }),
    calls: ["Tasks/Pause"],
    rest: "running",
  },
  {
    name: "resume()",
    setUp: (client, id) => client.pause(id),
    run: (client, id, signal) => client.resume(id, { signal }),
    calls: ["Tasks/Resume"],
    rest: "running",
  },
  {
    name: "signalProcess()",
    run: (client, id, signal) => client.signalProcess(id, "init", "SIGCONT", { signal }),
    calls: ["Tasks/Kill"],
    rest: "running",
  },
  {
    name: "closeStdin()",
    run: (client, id, signal) => client.closeStdin(id, "init", { signal }),
    calls: ["Tasks/CloseIO"],
    rest: "running",
  },
  {
    name: "updateResources()",
    run: (client, id, signal) => client.updateResources(id, { pids: { limit: 100 } }, { signal }),
    calls: ["Tasks/Update"],
    rest: "running",
  },
  {
    name: "version()",
    run: (client, _id, signal) => client.version(undefined, { signal }),
    calls: ["Version/Version"],
    rest: "running",
  },
  {
    name: "listContainers()",
    run: (client, _id, signal) => all(client.listContainers({ signal })),
    calls: ["Containers/ListStream"],
    rest: "running",
  },
];
