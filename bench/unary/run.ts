/**
 * What a unary call costs over a unix socket: one after the other, and 100 in flight.
 *
 *     node bench/unary/run.ts --address unix:///run/containerd/containerd.sock --rounds 20
 *
 * All peers run in this process and take turns within each round, in an order that changes, so
 * that a busy machine is busy for all of them. Prints one line of JSON and a table.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { connectPeers, type Peer } from "./peers.ts";

interface Sample {
  /** Median of one call, in microseconds. */
  readonly sequentialUs: number;
  /** Time per call with all of them in flight, in microseconds. */
  readonly inFlightUs: number;
}

const sequentialCalls = 200;
const inFlight = 100;
const batches = 5;

const { values } = parseArgs({
  options: {
    address: { type: "string", default: "unix:///run/containerd/containerd.sock" },
    rounds: { type: "string", default: "20" },
  },
});
const rounds = Number(values.rounds);

const peers = await connectPeers(values.address);
const samples = new Map<Peer, Sample[]>(peers.map((peer) => [peer, []]));
// The first rounds compile the code and open the connections: they are run and not counted.
for (let round = -2; round < rounds; round++) {
  for (const peer of rotated(peers, round + 2)) {
    const sample = { sequentialUs: await sequential(peer), inFlightUs: await concurrent(peer) };
    if (round >= 0) samples.get(peer)?.push(sample);
  }
}
await Promise.all(peers.map((peer) => peer.close()));

const bare = summary("bare");
const results = peers.map(({ name }) => {
  const own = summary(name);
  return {
    name,
    sequentialUs: round1(own.sequentialUs),
    inFlightUs: round1(own.inFlightUs),
    sequentialRatio: ratio(own.sequentialUs, bare.sequentialUs),
    inFlightRatio: ratio(own.inFlightUs, bare.inFlightUs),
  };
});
console.log(JSON.stringify({ bench: "unary", runtime: runtimeName(), rounds, results }));
console.log("| runtime | client | sequential us | x bare | 100 in flight us/call | x bare |");
console.log("|---|---|---|---|---|---|");
for (const row of results) {
  const cells = [runtimeName(), row.name, row.sequentialUs, row.sequentialRatio];
  console.log(`| ${[...cells, row.inFlightUs, row.inFlightRatio].join(" | ")} |`);
}

async function sequential(peer: Peer): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < sequentialCalls; i++) {
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

function summary(name: Peer["name"]): Sample {
  const own = [...samples].flatMap(([peer, list]) => peer.name === name ? list : []);
  return {
    sequentialUs: median(own.map((sample) => sample.sequentialUs)),
    inFlightUs: median(own.map((sample) => sample.inFlightUs)),
  };
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function ratio(value: number, base: number): number {
  return Math.round((value / base) * 100) / 100;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function runtimeName(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? `node ${node}` : `deno ${deno}`;
}
