import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { Registry } from "../../src/registry.ts";
import { commandProcess, commandSpec, SHIM } from "../containerd/bed.ts";
import { fifoDir } from "../containerd/support/open-client.ts";
import { FaultProxy } from "../faults/proxy.ts";
import { randomOf } from "../helpers/random.ts";
import { BrokenCalls } from "./broken-calls.ts";
import { ContainerdFaults } from "./containerd-faults.ts";
import { leftoversOf } from "./containerd-leftovers.ts";
import type { Stations } from "./station.ts";
import type { World } from "./world.ts";

const PAUSE_MS = 20;

/** Finds a connection soon that swallows everything. */
const health: Omit<GrpcOptions, "address"> = {
  healthIntervalMs: 800,
  healthTimeoutMs: 800,
  healthMisses: 2,
  connectTimeoutMs: 1500,
};

/** A real containerd, of which everything goes wrong that does, and the connection to it. */
export async function containerdWorld(seed: number, stations: Stations): Promise<World> {
  const station = await stations.take();
  const { daemon } = station;
  const proxy = await FaultProxy.listen(daemon.socket);
  const random = randomOf(seed ^ 0x5eed);
  const faults = new ContainerdFaults({ station, proxy, random });
  const calls = new BrokenCalls();
  const problems: string[] = [];
  let isClean = false;
  const open = (options: GrpcOptions) => {
    const fallback = containerd({
      rpc: grpc({ ...options, interceptors: [calls.interceptor] }),
      stdio: fifo({ directory: fifoDir(daemon) }),
      namespace: daemon.namespace,
    });
    return new Client(new Registry({}, { fallback }), {
      onError: (error) => {
        // Of what could not be undone while the daemon was away.
        if (!isContainerError(error)) problems.push(`onError is told of ${error}`);
      },
    });
  };
  const script = (lifeMs: number, code: number) =>
    `echo up; sleep ${(lifeMs / 1000).toFixed(3)}; echo over >&2; exit ${code}`;
  return {
    client: open({ address: proxy.address, ...health }),
    other: open({ address: daemon.address }),
    shim: SHIM,
    spec: (lifeMs, code) => commandSpec(script(lifeMs, code)),
    process: (lifeMs, code) => commandProcess(script(lifeMs, code)),
    stdio: () =>
      random() < 0.5 ? undefined : { stdout: new WritableStream(), stderr: new WritableStream() },
    pauseMs: PAUSE_MS,
    budgetMs: 60_000,
    // What runc leaves to become the process ends with 1, if the runc that starts it is killed.
    ownCodes: [1],
    faults: faults.all,
    heal: () => faults.heal(),
    leftovers: async () => {
      const isOwn = (id: string) => new RegExp(`^s${seed}[a-z](?:-|$)`).test(id);
      const left = await leftoversOf(station, { isOwn, calls });
      isClean = left.length === 0;
      return [...problems, ...left];
    },
    [Symbol.asyncDispose]: async () => {
      await faults.heal();
      await proxy[Symbol.asyncDispose]();
      if (isClean) stations.give(station);
      else await station[Symbol.asyncDispose]();
    },
  };
}
