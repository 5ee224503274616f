import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { containerdVersion } from "../helpers/cache.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Holdings, holdings, noMoreThan } from "../helpers/leaks.ts";
import { allProcesses, argumentsOf } from "../helpers/processes.ts";
import { type RuncCommand, type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { cgroupFolders, cgroupPids } from "./cgroup-files.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { fifoDir, openClient, RUNC } from "./support/open-client.ts";
import { execOf, sleeper } from "./support/specs.ts";

const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

let daemon: Daemon;
let runc: WrappedRunc;
let count = 0;

const watched = () => ({ daemon, fifoDirs: [fifoDir(daemon)] });

before(async () => {
  runc = wrapRunc();
  daemon = await startDaemon({ runcDir: runc.dir });
  // A first round: runtimes open descriptors of their own, for good, when they first use something.
  const client = openClient(daemon);
  try {
    await client.create("first", sleeper(), RUNC);
    await client.start("first", { stdio: piped });
    await client.delete("first", { force: true });
  } finally {
    await client[Symbol.asyncDispose]();
  }
  await leftovers(daemon);
});
after(async () => {
  runc?.remove();
  await daemon?.stop();
});

interface Step {
  /** What there must be before. */
  readonly prepare: (client: Client, id: string) => Promise<unknown>;
  /** What makes runc come. */
  readonly act: (client: Client, id: string) => Promise<unknown>;
}

const made = (client: Client, id: string) => client.create(id, sleeper(), RUNC);
const started = async (client: Client, id: string) => {
  await made(client, id);
  await client.start(id, { stdio: piped });
};

const steps = {
  create: { prepare: made, act: (client, id) => client.start(id, { stdio: piped }) },
  start: { prepare: made, act: (client, id) => client.start(id, { stdio: piped }) },
  exec: {
    prepare: started,
    act: (client, id) => client.exec(id, "more", execOf("sleep", "600"), { stdio: piped }),
  },
  kill: { prepare: started, act: (client, id) => client.delete(id, { force: true }) },
  delete: { prepare: started, act: (client, id) => client.delete(id, { force: true }) },
} satisfies Partial<Record<RuncCommand, Step>>;

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** The wrappers of runc that work for a container, with what they wait for. */
function runcPids(id: string): readonly number[] {
  return allProcesses().map(({ pid }) => pid).filter((pid) => {
    const args = argumentsOf(pid);
    return args.includes(`${runc.dir}/runc`) && args.includes(id);
  });
}

const victims: Readonly<Record<string, (id: string) => void | Promise<void>>> = {
  "the shim": (id) => killAll(daemon.shimPids(id)),
  "runc": (id) => killAll(runcPids(id)),
  "its processes": (id) => killAll(cgroupPids(daemon.namespace, id)),
  "containerd": () => daemon.kill(),
};

async function nothingIsLeft(id: string, atFirst: Holdings): Promise<void> {
  await noMoreThan(atFirst, watched());
  await eventually(`nothing of ${id} is left`, async () => {
    try {
      assert.deepEqual(await leftovers(daemon), NOTHING);
      return true;
    } catch {
      return false;
    }
  }).catch(async () => assert.deepEqual(await leftovers(daemon), NOTHING));
  assert.deepEqual(cgroupFolders(daemon.namespace, id), []);
  assert.equal(existsSync(`/run/containerd/runc/${daemon.namespace}/${id}`), false);
}

describe("a part that is killed while runc is at work", () => {
  for (const [command, step] of Object.entries(steps)) {
    for (const when of ["before", "after"] as const) {
      for (const [victim, kill] of Object.entries(victims)) {
        const way = (count++ % 2 === 0) ? "create() with replace" : "delete() with force";
        it(`${way} leaves nothing of ${victim} killed ${when} runc's ${command}`, {
          skip: command === "create" && victim === "containerd" && containerdVersion === "1.6" &&
            "containerd 1.6 knows nothing more of the shim whose Create its own end broke off",
        }, async () => {
          const id = `${command}-${when}-${victim.split(" ").at(-1)}`;
          const atFirst = holdings(watched());
          const first = openClient(daemon);
          const next = openClient(daemon);
          const gate = runc.hold(command as RuncCommand, when, { containerId: id });
          try {
            await step.prepare(first, id);
            const outcome = step.act(first, id).then(() => {}, () => {});
            await gate.arrived();
            await kill(id);
            gate.release();
            if (victim === "containerd") await daemon.start();
            await outcome;
            const signal = AbortSignal.timeout(60_000);
            if (way === "create() with replace") {
              await next.create(id, sleeper(), RUNC, { replace: true, signal });
              await next.start(id, { stdio: piped, signal });
              assert.equal((await next.status(id, { signal })).state, "running");
            }
            await next.delete(id, { force: true, signal }).catch((error) => {
              if (error.code !== "not_found") throw error;
            });
          } finally {
            gate.release();
            await next.delete(id, { force: true }).catch(() => {}); // for the tests after this one
            await first[Symbol.asyncDispose]();
            await next[Symbol.asyncDispose]();
          }
          await nothingIsLeft(id, atFirst);
        });
      }
    }
  }
});
