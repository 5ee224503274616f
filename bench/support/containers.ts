import process from "node:process";
import type { Client } from "../../src/client.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { connect } from "../../plugins/auto/mod.ts";
import { linuxSpec } from "../../src/oci/mod.ts";
import { found, sharedRootfs } from "../../test/helpers/cache.ts";
import type { BenchOptions } from "./options.ts";

/** The shim of all containers. */
export const shim = "io.containerd.runc.v2";

let made = 0;

/** An id that no other container of this process, or of another one, has. */
export function nextId(): string {
  return `bench-${process.pid}-${++made}`;
}

/** A container on the busybox root file system that the tests have. */
export function busyboxSpec(args: readonly string[]): Spec {
  return linuxSpec({ args: [...args], rootfs: found(sharedRootfs), readonlyRootfs: true });
}

/** Connects as the options say. */
export function connectClient({ address, namespace }: BenchOptions): Promise<Client> {
  return connect({ address, namespace, onError: (error) => console.error(error) });
}
