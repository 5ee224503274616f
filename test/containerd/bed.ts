import { type Client as RpcClient, createClient } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import { archive } from "../../plugins/archive/mod.ts";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc } from "../../plugins/grpc/mod.ts";
import type { Rpc } from "../../plugins/rpc/mod.ts";
import { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import { linuxSpec, type LinuxSpecOptions } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import { Registry } from "../../src/registry.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import { removeContainer } from "../../plugins/testing/remove-container.ts";
import { found, sharedRootfs } from "../helpers/cache.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "../helpers/daemon.ts";

/** The shim that the tests use. */
export const SHIM = "io.containerd.runc.v2";

/** What {@linkcode connectTo} takes beside the options of a client. */
export interface ConnectToOptions extends ClientOptions {
  /** Default: the one that only the daemon uses. */
  readonly namespace?: string | undefined;
  /** Default: that of the runtime. */
  readonly drainBudgetMs?: number | undefined;
}

/** A client of a daemon, on a connection of its own. */
export function connectTo(daemon: Daemon, options: ConnectToOptions = {}): Client {
  const { namespace = daemon.namespace, drainBudgetMs, ...clientOptions } = options;
  const fallback = containerd({
    rpc: grpc({ address: daemon.address }),
    stdio: fifo({ directory: `${daemon.home}/fifo` }),
    archiver: archive(),
    namespace,
    drainBudgetMs,
  });
  return new Client(new Registry({}, { fallback }), clientOptions);
}

/** A container that runs a shell script, or, given a list, a command, on a read-only busybox. */
export function commandSpec(
  command: string | readonly string[],
  options: Omit<LinuxSpecOptions, "args"> = {},
): Spec {
  return linuxSpec({
    rootfs: found(sharedRootfs),
    readonlyRootfs: true,
    ...options,
    args: argsOf(command),
  });
}

/** A further process that runs a shell script, or, given a list, a command. */
export function commandProcess(
  command: string | readonly string[],
  options: { readonly terminal?: boolean } = {},
): Process {
  return processSpec({ ...options, args: argsOf(command) });
}

function argsOf(command: string | readonly string[]): readonly string[] {
  return typeof command === "string" ? ["sh", "-c", command] : command;
}

/** A daemon with a client, for the tests of one file. */
export class Bed {
  /** The daemon. */
  readonly daemon: Daemon;
  /** A client of it. */
  readonly client: Client;
  #rpc: Rpc | undefined;
  #count = 0;

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
    this.client = connectTo(daemon);
  }

  /** Starts a daemon. */
  static async start(options: DaemonOptions = {}): Promise<Bed> {
    return new Bed(await startDaemon(options));
  }

  /** Ends the client and the daemon. */
  async stop(): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.#rpc?.[Symbol.asyncDispose]();
    await this.daemon.stop();
  }

  /** An id that no other container of this daemon has. */
  newId(): string {
    return `c${++this.#count}`;
  }

  /** Makes a container for the length of `use`. */
  async withContainer(spec: Spec, use: (id: string) => Promise<void>): Promise<void> {
    const id = this.newId();
    await this.client.create(id, spec, SHIM);
    try {
      await use(id);
    } finally {
      await this.remove(id);
    }
  }

  /** Makes a container and starts it, without streams, for the length of `use`. */
  async withRunning(
    command: string | readonly string[],
    use: (id: string) => Promise<void>,
  ): Promise<void> {
    await this.withContainer(commandSpec(command), async (id) => {
      await this.client.start(id);
      await use(id);
    });
  }

  /** Subscribes for the length of `use`. */
  async withEvents(use: (events: EventLog) => Promise<void>): Promise<void> {
    await disposeAfter(await EventLog.open(this.client.events()), use);
  }

  /** Opens a second client for the length of `use`. */
  async withClient(
    use: (client: Client) => Promise<void>,
    options?: ConnectToOptions,
  ): Promise<void> {
    await disposeAfter(connectTo(this.daemon, options), use);
  }

  /** Removes a container, if it is there, in whatever state. */
  async remove(id: string): Promise<void> {
    await removeContainer(this.client, id);
  }

  /** The generated client of a service, for what the facade does not have. */
  async service<S extends DescService>(service: S): Promise<RpcClient<S>> {
    this.#rpc ??= await grpc({ address: this.daemon.address })();
    return createClient(service, this.#rpc.transport);
  }

  /** Headers of a call through {@linkcode service}. */
  get headers(): Record<string, string> {
    return { "containerd-namespace": this.daemon.namespace };
  }
}
