import { memory, MemoryHost, type MemoryMethod } from "../../plugins/memory/mod.ts";
import { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { Registry } from "../../src/registry.ts";
import { pick, randomOf } from "../helpers/random.ts";
import type { World } from "./world.ts";

const SHIM = "io.containerd.runc.v2";
const PAUSE_MS = 3;
const methods: readonly MemoryMethod[] = ["newTask", "start", "exec", "kill", "deleteProcess"];

/** A runtime in memory, of which everything goes wrong that it knows of. */
export function memoryWorld(seed: number): World {
  const host = new MemoryHost({
    seed,
    programs: {
      live: async (context) => {
        await context.sleep(Number(context.args[1]));
        return Number(context.args[2]);
      },
    },
  });
  const random = randomOf(seed ^ 0x5eed);
  const problems: string[] = [];
  const open = (id: string) =>
    new Client(new Registry({}, { fallback: memory({ host, id }) }), {
      onError: (error) => {
        // Of what could not be undone while the connection was lost.
        if (!isContainerError(error)) problems.push(`onError is told of ${error}`);
      },
    });
  const { faults } = host;
  const work = () => pick(random, ["done", "undone"] as const);
  const argsOf = (lifeMs: number, code: number) => ["live", String(lifeMs), String(code)];
  return {
    client: open("memory"),
    other: open("other"),
    shim: SHIM,
    spec: (lifeMs, code) => linuxSpec({ args: argsOf(lifeMs, code), rootfs: "/memory" }),
    process: (lifeMs, code) => processSpec({ args: argsOf(lifeMs, code) }),
    stdio: () => undefined,
    pauseMs: PAUSE_MS,
    budgetMs: 60_000,
    ownCodes: [],
    faults: [
      {
        name: "connection lost",
        strike: () => void faults.loseConnection({ plugin: "memory", forMs: random() * 30 }),
      },
      {
        name: "daemon lost, ended tasks kept",
        strike: () => void faults.loseDaemon({ ended: "kept", forMs: random() * 30 }),
      },
      {
        name: "daemon lost, ended tasks gone",
        strike: () => void faults.loseDaemon({ ended: "gone", forMs: random() * 30 }),
      },
      {
        name: "connection lost in a call",
        strike: () => {
          const broken = faults.breakCalls({ plugin: "memory", times: 1, work: work() });
          setTimeout(() => broken.lift(), 30);
        },
      },
      {
        name: "call fails",
        strike: () => {
          const method = pick(random, methods);
          faults.failCalls({ method, times: 1, work: work(), code: "unavailable" });
        },
      },
      { name: "event lost", strike: () => void faults.dropEvents({ times: 1 }) },
      { name: "event twice", strike: () => void faults.duplicateEvents({ times: 2 }) },
      {
        name: "event late",
        strike: () => void faults.delayEvents({ times: 1, delayMs: random() * 50 }),
      },
      { name: "events swapped", strike: () => void faults.reorderEvents({ times: 1 }) },
      { name: "shim killed", strike: (id) => faults.killShim(id) },
      { name: "first process killed", strike: (id) => faults.killInit(id) },
      { name: "out of memory", strike: (id) => faults.exhaustMemory(id) },
    ],
    heal: () => Promise.resolve(faults.lift()),
    leftovers: async () => {
      const left = Object.entries(host.residue()).filter(([, count]) => count > 0);
      await host[Symbol.asyncDispose]();
      return [...problems, ...left.map(([what, count]) => `${count} ${what} left`)];
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}
