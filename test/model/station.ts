import { type Client, createClient } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import { grpc } from "../../plugins/grpc/mod.ts";
import type { Rpc } from "../../plugins/rpc/mod.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";

/** A daemon with what it takes to disturb it, for one schedule after the other. */
export class Station implements AsyncDisposable {
  /** The daemon. */
  readonly daemon: Daemon;
  /** The runc of its shims. */
  readonly runc: WrappedRunc;
  readonly #rpc: Rpc;

  private constructor(daemon: Daemon, runc: WrappedRunc, rpc: Rpc) {
    this.daemon = daemon;
    this.runc = runc;
    this.#rpc = rpc;
  }

  /** Starts a daemon. */
  static async start(): Promise<Station> {
    const runc = wrapRunc();
    try {
      const daemon = await startDaemon({ runcDir: runc.dir });
      return new Station(daemon, runc, await grpc({ address: daemon.address })());
    } catch (error) {
      runc.remove();
      throw error;
    }
  }

  /** The generated client of a service: to look at the daemon with, past what is tested. */
  service<S extends DescService>(service: S): Client<S> {
    return createClient(service, this.#rpc.transport);
  }

  /** Headers of a call of it. */
  get headers(): Record<string, string> {
    return { "containerd-namespace": this.daemon.namespace };
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rpc[Symbol.asyncDispose]();
    await this.daemon.stop();
    this.runc.remove();
  }
}

/** Lends stations, each to one at a time; starts as many as are wanted at a time. */
export class Stations implements AsyncDisposable {
  readonly #free: Station[] = [];

  /** One that nobody has. */
  async take(): Promise<Station> {
    return this.#free.pop() ?? await Station.start();
  }

  /** Takes one back that is as it was. */
  give(station: Station): void {
    this.#free.push(station);
  }

  /** Ends all that were given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#free.splice(0).map((each) => each[Symbol.asyncDispose]()));
  }
}
