import { createClient, createContextValues } from "@connectrpc/connect";
import { clearTimeout, setTimeout } from "node:timers";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { ContainerError } from "../../src/errors.ts";
import { grpc } from "../grpc/mod.ts";
import { toContainerError } from "../rpc/errors.ts";
import { background, type OpenRpc, type Rpc } from "../rpc/mod.ts";

/** Asks a daemon for signs of life, without keeping this process alive. */
export class Health implements AsyncDisposable {
  readonly #timeoutMs: number;
  readonly #open: OpenRpc;
  #rpc: Rpc | undefined;

  /**
   * @param address Where the daemon listens.
   * @param timeoutMs How long an answer may take.
   */
  constructor(address: string, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#open = grpc({ address, connectTimeoutMs: timeoutMs });
  }

  /**
   * Asks whether it serves, and for its version.
   *
   * @throws {ContainerError} if it does not, or not in time; an abort rejects with its reason.
   */
  async version(signal: AbortSignal): Promise<string> {
    return await this.#ask("Cannot get version of containerd", signal, async (rpc, options) => {
      await assertServing(rpc, options);
      return (await createClient(Version, rpc.transport).version({}, options)).version;
    });
  }

  /** Asks whether it serves; errors as {@linkcode Health.version}. */
  async check(signal: AbortSignal): Promise<void> {
    await this.#ask("Cannot get health of containerd", signal, assertServing);
  }

  /** Closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rpc?.[Symbol.asyncDispose]();
    this.#rpc = undefined;
  }

  async #ask<T>(
    action: string,
    signal: AbortSignal,
    send: (rpc: Rpc, options: SendOptions) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const cut = new AbortController();
    const abort = () => cut.abort(signal.reason);
    signal.addEventListener("abort", abort);
    const late = new ContainerError(
      "deadline_exceeded",
      `${action}: no answer within ${this.#timeoutMs} ms`,
      { plugin: "supervisor" },
    );
    const timer = setTimeout(() => cut.abort(late), this.#timeoutMs);
    timer.unref();
    try {
      this.#rpc ??= await this.#open({ signal: cut.signal });
      const contextValues = createContextValues().set(background, true);
      return await send(this.#rpc, { signal: cut.signal, contextValues });
    } catch (error) {
      cut.signal.throwIfAborted();
      throw toContainerError(error, { action, plugin: "supervisor" });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }
}

interface SendOptions {
  readonly signal: AbortSignal;
  readonly contextValues: ReturnType<typeof createContextValues>;
}

async function assertServing(rpc: Rpc, options: SendOptions): Promise<void> {
  const { status } = await createClient(HealthService, rpc.transport).check({}, options);
  if (status === ServingStatus.SERVING) return;
  throw new ContainerError("unavailable", "Cannot use containerd: it says that it does not serve", {
    plugin: "supervisor",
  });
}
