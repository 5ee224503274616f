import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import { Audience } from "../faults/audience.ts";
import { Load } from "../faults/load.ts";
import { FaultProxy } from "../faults/proxy.ts";
import { besideSteady } from "../faults/steady.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { isStress, scale } from "../helpers/scale.ts";

/** Finds a dead connection in seconds, but not one of a machine that is slow. */
const QUICK: Partial<GrpcOptions> = {
  healthIntervalMs: 1000,
  healthTimeoutMs: 1000,
  connectTimeoutMs: 2000,
};

/** How long the daemon stands still for a client with the default options, in milliseconds. */
const STANDSTILL_MS = 60_000;

/** What breaks a connection, and what mends it; in between all are told that it is lost. */
interface Fault {
  readonly name: string;
  readonly rounds: number;
  readonly health: Partial<GrpcOptions>;
  begin(proxy: FaultProxy, daemon: Daemon): Promise<void> | void;
  end(proxy: FaultProxy, daemon: Daemon): Promise<void> | void;
}

const faults: readonly Fault[] = [
  {
    name: "a connection that is cut",
    rounds: scale(2, 20),
    health: {},
    begin: (proxy) => proxy.cut(),
    end: () => {},
  },
  {
    name: "a connection that swallows everything",
    rounds: scale(1, 20),
    health: QUICK,
    begin: (proxy) => proxy.blackhole(),
    end: (proxy) => proxy.pass(),
  },
  {
    name: "a socket file that is removed",
    rounds: scale(2, 20),
    health: {},
    begin: (proxy) => {
      proxy.remove();
      return proxy.cut();
    },
    end: (proxy) => proxy.restore(),
  },
  {
    name: "a containerd that stands still",
    rounds: scale(1, 20),
    health: QUICK,
    begin: (_, daemon) => daemon.signal("SIGSTOP"),
    end: (_, daemon) => daemon.signal("SIGCONT"),
  },
];

/** As the last one, but with the default options, which notice it after half a minute. */
const longStandstill: Fault = {
  name: `a containerd that stands still for ${STANDSTILL_MS} ms`,
  rounds: 1,
  health: {},
  begin: async (_, daemon) => {
    daemon.signal("SIGSTOP");
    await sleep(STANDSTILL_MS);
  },
  end: (_, daemon) => daemon.signal("SIGCONT"),
};

describe("a connection to containerd that fails again and again", () => {
  let daemon: Daemon;

  before(async () => {
    daemon = await startDaemon();
  });
  after(async () => {
    await daemon?.stop();
  });

  const all = isStress ? [...faults, longStandstill] : faults;
  for (const [index, { name, rounds, health, begin, end }] of all.entries()) {
    it(`events() misses nothing, in order, with ${name}, ${rounds} times`, async () => {
      const proxy = await FaultProxy.listen(daemon.socket);
      const audience = await Audience.open((options) => {
        const fallback = containerd({
          rpc: grpc({ address: proxy.address, ...health }),
          stdio: fifo({ directory: `${daemon.home}/fifo` }),
          namespace: daemon.namespace,
        });
        return new Client(new Registry({}, { fallback }), options);
      });
      try {
        const load = new Load(audience.client, 3, `f${index}-`);
        const steady = `f${index}-steady`;
        await besideSteady(audience.client, steady, async () => {
          try {
            for (let times = 1; times <= rounds; times++) {
              await audience.tellsEnds(4);
              await begin(proxy, daemon);
              await audience.are("disconnected", times);
              await end(proxy, daemon);
              await audience.are("connected", times);
            }
          } finally {
            await end(proxy, daemon);
            await load.stop();
          }
        });
        await audience.assertTold(load, { outages: rounds, others: [steady] });
      } finally {
        await audience[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      }
    });
  }
});
