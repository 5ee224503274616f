/**
 * What the whole life of a container costs, one after the other and eight at a time: the client,
 * in this process, beside `ctr run` with the same spec.
 *
 *     node bench/lifecycle/run.ts --address unix:///run/containerd/containerd.sock --rounds 30
 */

import { busyboxSpec, connectClient, nextId, shim } from "../support/containers.ts";
import { ctrFor } from "../support/ctr.ts";
import { benchOptions } from "../support/options.ts";
import { takeTurns } from "../support/rounds.ts";
import { printRow } from "../support/row.ts";

const options = benchOptions({ rounds: 30 });
const spec = busyboxSpec(["/bin/true"]);
const ctr = ctrFor(spec, options);
const client = await connectClient(options);

try {
  for (const width of [1, 8]) {
    const { steps, run, peer } = await takeTurns({
      steps: () => timed(width, stepByStep),
      run: () => timed(width, runAtOnce),
      peer: () => timed(width, () => ctr.run(nextId(), ["--null-io"])),
    }, options);
    const suffix = width === 1 ? "one at a time" : `${width} at a time`;
    const common = { bench: "lifecycle", peer, unit: "ms", goal: "<= 0.8" };
    printRow({ ...common, case: `create to delete of /bin/true, ${suffix}`, ours: steps });
    printRow({ ...common, case: `run() of /bin/true, ${suffix}`, ours: run });
  }
} finally {
  await client[Symbol.asyncDispose]();
  ctr.remove();
}

/** How long `width` of them take together, in milliseconds. */
async function timed(width: number, once: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, once));
  return performance.now() - start;
}

async function stepByStep(): Promise<void> {
  const id = nextId();
  await client.create(id, spec, shim);
  try {
    const process = await client.start(id);
    check(await process.wait());
    await client.deleteTask(id);
    await client.delete(id);
  } catch (error) {
    await client.delete(id, { force: true });
    throw error;
  }
}

async function runAtOnce(): Promise<void> {
  check(await client.run(nextId(), spec, shim));
}

function check(status: Awaited<ReturnType<typeof client.wait>>): void {
  if (status.state === "exited" && status.code === 0) return;
  throw new Error(`Cannot measure /bin/true: it ended with ${JSON.stringify(status)}`);
}
