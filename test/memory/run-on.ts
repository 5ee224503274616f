import type { Client } from "../../src/client.ts";
import { MemoryHost, type MemoryHostOptions } from "../../plugins/memory/mod.ts";
import { clientOf, testPrograms } from "./bed.ts";

/** A host with a client, for the length of a test. */
export interface Machine {
  /** The host. */
  readonly host: MemoryHost;
  /** A client of it. */
  readonly client: Client;
}

/** Makes a host with a client for the length of `use`; both are disposed on every path. */
export async function runOn(
  options: MemoryHostOptions,
  use: (machine: Machine) => Promise<void>,
): Promise<void> {
  const programs = { ...testPrograms, ...options.programs };
  const host = new MemoryHost({ ...options, programs });
  const client = clientOf(host);
  try {
    await use({ host, client });
  } finally {
    await client[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  }
}
