import type { Interceptor } from "@connectrpc/connect";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import type { ClientOptions } from "../../../src/client-options.ts";
import { Registry } from "../../../src/registry.ts";
import type { Daemon } from "../../helpers/daemon.ts";

/** The shim of the tests. */
export const RUNC = "io.containerd.runc.v2";

/** What {@linkcode openClient} takes beside what a client takes. */
export interface OpenClientOptions extends ClientOptions {
  /** Wrap every call. */
  readonly interceptors?: readonly Interceptor[];
  /** Another address than the daemon's. */
  readonly address?: string;
  /** How long a connection may take, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** How long a removal may wait for a shim, in milliseconds. Default: that of the runtime. */
  readonly removalBudgetMs?: number;
}

/** The folder that clients of a daemon make their FIFOs in. */
export function fifoDir(daemon: Daemon): string {
  return `${daemon.home}/fifo`;
}

/** A client of a daemon, with streams. */
export function openClient(daemon: Daemon, options: OpenClientOptions = {}): Client {
  const { interceptors, address = daemon.address, connectTimeoutMs, removalBudgetMs, ...own } =
    options;
  const plugin = containerd({
    rpc: grpc({ address, interceptors, connectTimeoutMs }),
    stdio: fifo({ directory: fifoDir(daemon) }),
    namespace: daemon.namespace,
    removalBudgetMs,
  });
  return new Client(new Registry({}, { fallback: plugin }), own);
}
