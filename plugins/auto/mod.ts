/**
 * The one-line set-up: finds out what this host has and returns a ready client. Node, Deno and Bun.
 *
 * @module
 */

import { checkOptions } from "../../src/check-options.ts";
import { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import { ContainerError, invalidArgument, isContainerError, shown } from "../../src/errors.ts";
import { Registry } from "../../src/registry.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { archive } from "../archive/mod.ts";
import { containerd } from "../containerd/mod.ts";
import { fifo } from "../fifo/mod.ts";
import { grpc } from "../grpc/mod.ts";
import type { FlightRecorder } from "../recorder/mod.ts";
import type { TlsOptions } from "../tcp/mod.ts";
import { validateAddress } from "./address.ts";
import { chooseRuntime, isOnThisHost } from "./choose-runtime.ts";
import { OwningClient } from "./owning-client.ts";
import type { Supervision, SupervisionOptions } from "./supervision.ts";

export type { SupervisionOptions };

/** What {@linkcode connect} takes. */
export interface ConnectOptions extends CallOptions, Pick<ClientOptions, "backend" | "onError"> {
  /**
   * Where containerd listens: `unix:///path`, a path, `tcp://host:port` or `tls://host:port`.
   * Default: `$CONTAINERD_ADDRESS`, else `/run/containerd/containerd.sock`. On another host there
   * are no streams: its daemon does not see the pipes of this one.
   */
  readonly address?: string | undefined;
  /**
   * The namespace. Default: `$CONTAINERD_NAMESPACE`, else `default`, or `libcontainerd` with
   * `supervise`.
   */
  readonly namespace?: string | undefined;
  /** Certificates for a `tls` address. */
  readonly tls?: TlsOptions | undefined;
  /**
   * Starts a private containerd, or takes over the one that a crashed process has left, and watches
   * it, as `supervise()` of `supervisor` does: `true`, or its options. Disposing the client stops
   * it, unless `keepRunning` is set; containers run on, and the next client finds them. Without an
   * `address`. Default: false, which connects to a containerd that runs.
   */
  readonly supervise?: boolean | SupervisionOptions | undefined;
  /**
   * Takes down what the client does and what comes of it, with all remote procedure calls:
   * `flightRecorder()` of `recorder`. Default: nobody does.
   */
  readonly recorder?: FlightRecorder | undefined;
  /** How long output may stay open after its process has ended, in milliseconds. Default: 2000. */
  readonly drainBudgetMs?: number | undefined;
  /** How long a removal waits for answers of a shim, in milliseconds. Default: 40000. */
  readonly removalBudgetMs?: number | undefined;
}

const NAMES = [
  "address",
  "namespace",
  "tls",
  "supervise",
  "drainBudgetMs",
  "removalBudgetMs",
  "backend",
  "onError",
  "recorder",
] satisfies readonly (keyof ConnectOptions)[];

/**
 * Connects to the container runtime of this host.
 *
 * @example
 * ```ts
 * const client = await connect();
 * console.log(client.describe(), await client.version());
 * ```
 *
 * @throws {ContainerError} `unavailable` if no runtime answers, `permission_denied` without access,
 * `unimplemented` on a platform that has none, `invalid_argument` for a bad option; with `supervise`
 * also what `supervise()` throws.
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  // The first thing that one tries; its letters would be refused one by one.
  if (typeof options === "string") {
    throw invalidArgument("address", `Cannot use "${shown(options)}": pass it as { address }`);
  }
  checkOptions(options, ...NAMES);
  const { signal, tls, drainBudgetMs, removalBudgetMs, backend, onError, recorder } = options;
  // The global: Node makes the standard streams for those who import `node:process`.
  const { platform, env } = process;
  const supervision = await supervisionOf(options, env);
  const { address, namespace, reason } = supervision?.choice ??
    chooseRuntime({ platform, env, options });
  validateAddress(address, reason);
  const plugin = containerd({
    rpc: grpc({ address, tls, interceptors: recorder && [recorder.interceptor] }),
    // A daemon elsewhere would not find our pipes.
    stdio: isOnThisHost(address) ? fifo() : undefined,
    archiver: archive(),
    namespace,
    drainBudgetMs,
    removalBudgetMs,
  });
  const registry = new Registry({}, { fallback: plugin });
  const description = { runtime: plugin.id, address, reason };
  const clientOptions = { backend, onError, recorder, description };
  const client = supervision === undefined
    ? new Client(registry, clientOptions)
    : new OwningClient(registry, clientOptions, supervision);
  try {
    await supervision?.start({ signal });
    await client.version(undefined, { signal });
  } catch (error) {
    supervision?.undo();
    await client[Symbol.asyncDispose]().catch(() => {}); // the failure before it is the one that counts
    if (!isContainerError(error, "unavailable") || error.plugin === "supervisor") throw error;
    throw new ContainerError(
      "unavailable",
      `${error.message} (${reason})`,
      { plugin: plugin.id, cause: error },
    );
  }
  return client;
}

/** The private daemon, if one is asked for; who asks for none does not load what it takes. */
async function supervisionOf(
  options: ConnectOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Supervision | undefined> {
  const { supervise = false } = options;
  if (supervise === false) return undefined;
  if (supervise !== true && (typeof supervise !== "object" || supervise === null)) {
    throw invalidArgument(
      "supervise",
      `Cannot use supervise "${shown(supervise)}": not a boolean or options`,
    );
  }
  const { Supervision } = await import("./supervision.ts");
  return new Supervision(options, env);
}
