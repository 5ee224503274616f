/**
 * How fast the output of a container is read: a piped stdout of the client, beside the stdout of a
 * child process `ctr run`, both read and checked in this process.
 *
 *     node bench/stdout/run.ts --address unix:///run/containerd/containerd.sock --rounds 7
 */

import type { Spec } from "../../src/oci/spec.ts";
import { busyboxSpec, connectClient, nextId, shim } from "../support/containers.ts";
import { type Ctr, ctrFor } from "../support/ctr.ts";
import { benchOptions } from "../support/options.ts";
import { takeTurns } from "../support/rounds.ts";
import { printRow } from "../support/row.ts";
import { Checksum } from "./checksum.ts";

const options = benchOptions({ rounds: 7 });
const totalBytes = options.quick ? 16 * 1024 ** 2 : 1024 ** 3;
const expected = new Checksum();
for (let left = totalBytes / 2 ** 20; left > 0; left--) expected.add(new Uint8Array(2 ** 20));

const client = await connectClient(options);
try {
  for (const blockKib of [64, 4]) {
    const count = totalBytes / 1024 / blockKib;
    const spec = busyboxSpec(["dd", "if=/dev/zero", `bs=${blockKib}k`, `count=${count}`]);
    const ctr = ctrFor(spec, options);
    try {
      const { ours, peer } = await takeTurns({
        ours: () => readPiped(spec),
        peer: () => readChild(ctr),
      }, options);
      printRow({
        bench: "stdout",
        case: `stdout of ${totalBytes / 1024 ** 2} MiB, written by ${blockKib} KiB`,
        ours,
        peer,
        unit: "MB/s",
        goal: ">= 0.9",
      });
    } finally {
      ctr.remove();
    }
  }
} finally {
  await client[Symbol.asyncDispose]();
}

async function readPiped(spec: Spec): Promise<number> {
  const id = nextId();
  const checksum = new Checksum();
  await client.create(id, spec, shim);
  try {
    const process = await client.start(id, { stdio: { stdout: "piped" } });
    for await (const chunk of process.stdio.stdout) checksum.add(chunk);
    await process.wait();
  } finally {
    await client.delete(id, { force: true });
  }
  return checked(checksum);
}

async function readChild(ctr: Ctr): Promise<number> {
  const checksum = new Checksum();
  await ctr.run(nextId(), [], {
    // dd tells on stderr how it went; that is of no interest here.
    stdio: ["ignore", "pipe", "ignore"],
    onSpawn: ({ stdout }) => stdout?.on("data", (chunk: Uint8Array) => checksum.add(chunk)),
  });
  // ctr 2.1 loses the end of the output now and then, whatever its stdout is: it does not wait for
  // the pipe of an ended task to run dry. How fast the rest came still counts.
  if (checksum.bytes < expected.bytes) {
    console.log(`ctr run lost ${expected.bytes - checksum.bytes} of ${expected.bytes} bytes`);
  }
  if (checksum.bytes > expected.bytes * 0.9) return checksum.megabytesPerSecond;
  throw new Error(`Cannot measure ctr: ${checksum.bytes} of ${expected.bytes} bytes came`);
}

function checked(checksum: Checksum): number {
  if (checksum.bytes === expected.bytes && checksum.crc === expected.crc) {
    return checksum.megabytesPerSecond;
  }
  throw new Error(`Cannot measure stdout: ${checksum.bytes} of ${expected.bytes} bytes came`);
}
