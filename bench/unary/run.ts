/**
 * What a unary call costs over a unix socket, one after the other and with 100 in flight: ours,
 * beside the bare HTTP/2 request under it, connect-node and grpc-js.
 *
 *     node bench/unary/run.ts --address unix:///run/containerd/containerd.sock --rounds 20
 */

import { benchOptions } from "../support/options.ts";
import { takeTurns } from "../support/rounds.ts";
import { printRow } from "../support/row.ts";
import { median } from "../support/statistics.ts";
import { connectPeers, type Peer } from "./peers.ts";

const options = benchOptions({ rounds: 20 });
const sequentialCalls = options.quick ? 20 : 200;
const batches = options.quick ? 1 : 15;
const inFlight = 100;
// The first calls compile the code and open the connections.
const warmUps = options.quick ? 1 : 5;

const ways = [
  { name: "one at a time", measure: sequential, bareGoal: "<= 1.25" },
  { name: `${inFlight} in flight`, measure: concurrent, bareGoal: "<= 1.5" },
];

const peers = await connectPeers(options.address);
try {
  for (const { name, measure, bareGoal } of ways) {
    const { ours, ...others } = await takeTurns({
      ours: () => measure(peers.ours),
      bare: () => measure(peers.bare),
      "connect-node": () => measure(peers["connect-node"]),
      "grpc-js": () => measure(peers["grpc-js"]),
    }, { rounds: options.rounds, warmUps });
    for (const peer of ["bare", "connect-node", "grpc-js"] as const) {
      printRow({
        bench: "unary",
        case: `Version, ${name}, peer ${peer}`,
        ours,
        peer: others[peer],
        unit: "us/call",
        goal: peer === "bare" ? bareGoal : "< 1",
      });
    }
  }
} finally {
  await Promise.all(Object.values(peers).map((peer) => peer.close()));
}

async function sequential(peer: Peer): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < sequentialCalls; count++) {
    const start = performance.now();
    await peer.call();
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

async function concurrent(peer: Peer): Promise<number> {
  const times: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: inFlight }, () => peer.call()));
    times.push(((performance.now() - start) * 1000) / inFlight);
  }
  return median(times);
}
