import {
  type CallOptions as RpcOptions,
  type Client,
  createClient,
  createContextValues,
} from "@connectrpc/connect";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import {
  Version,
  type VersionResponse,
} from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import type { DescService } from "@bufbuild/protobuf";
import { abortable } from "../../src/abort.ts";
import { type CleanupJob, Cleanups, cleanupSubject } from "../../src/cleanups.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { toContainerError } from "../rpc/errors.ts";
import { background, type Rpc } from "../rpc/mod.ts";
import type { ContainerdOptions } from "./mod.ts";
import { NoteBoard } from "./note-board.ts";
import { StartTurns } from "./start-turns.ts";
import { Turns } from "./turns.ts";

/** What a call is about, for its error. */
export interface Subject {
  /** How a message starts: `Cannot pause container "web"`. */
  readonly action: string;
  /** The container it is about. */
  readonly containerId?: string;
  /** The process it is about. */
  readonly processId?: string;
}

/** How long a session that is closed waits for the steps that are under way, in milliseconds. */
const STEPS_BUDGET_MS = 10_000;

/** Reverts what a call did. */
export type Undo<T> = (result: T, budget: AbortSignal) => Promise<unknown>;

/** Makes one call with the options it is given. */
export type Send<T> = (options: RpcOptions) => Promise<T>;

/** What the session needs of the plugin's options, defaults filled in. */
export type SessionOptions =
  & Pick<ContainerdOptions, "stdio" | "archiver">
  & {
    readonly namespace: string;
    readonly drainBudgetMs: number;
    readonly removalBudgetMs: number;
    readonly id: string;
  };

/** One connection to a daemon, in one namespace: its services, and how they are called. */
export class Session implements AsyncDisposable {
  /** What the user set. */
  readonly options: SessionOptions;
  /** Undoes what aborted calls had begun. */
  readonly cleanups: Cleanups = new Cleanups(() => {});
  /** Orders what must not overlap for one container. */
  readonly turns: Turns = new Turns();
  /** Orders the starts of processes in one container. */
  readonly starts: StartTurns = new StartTurns(async () => (await this.daemonVersion()).version);
  /** Passes on what handles learn of their processes. */
  readonly notes: NoteBoard = new NoteBoard();
  /** The service of container records. */
  readonly containers: Client<typeof Containers>;
  /** The service of running containers. */
  readonly tasks: Client<typeof Tasks>;
  /** The service of events. */
  readonly events: Client<typeof Events>;
  /** The service that tells the version. */
  readonly version: Client<typeof Version>;
  readonly #rpc: Rpc;
  readonly #closers = new Set<() => void | Promise<void>>();
  readonly #steps = new Set<Promise<unknown>>();
  #closing = false;
  #closed = false;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param rpc The connection; the session closes it. */
  constructor(rpc: Rpc, options: SessionOptions) {
    this.#rpc = rpc;
    this.options = options;
    this.#headers = { "containerd-namespace": options.namespace };
    this.containers = this.service(Containers);
    this.tasks = this.service(Tasks);
    this.events = this.service(Events);
    this.version = this.service(Version);
  }

  /** Whether the session was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Calls back when the session is closed, before the connection is; gives what undoes that. */
  onClosing(callback: () => void | Promise<void>): () => void {
    if (this.#closed) callback();
    else this.#closers.add(callback);
    return () => void this.#closers.delete(callback);
  }

  /** A client for a further service. */
  service<S extends DescService>(service: S): Client<S> {
    return createClient(service, this.#rpc.transport);
  }

  /** Options of a call. */
  rpcOptions(signal?: AbortSignal, headers?: Readonly<Record<string, string>>): RpcOptions {
    const all = headers === undefined ? this.#headers : { ...this.#headers, ...headers };
    return signal === undefined ? { headers: all } : { headers: all, signal };
  }

  /** Options of a call that does not keep the process alive. */
  backgroundOptions(signal: AbortSignal): RpcOptions {
    const contextValues = createContextValues().set(background, true);
    return { ...this.rpcOptions(signal), contextValues };
  }

  /** Turns what a call rejected with into a {@linkcode ContainerError}, or the abort's reason. */
  error(error: unknown, subject: Subject, signal?: AbortSignal): ContainerError {
    if (this.#closed && !signal?.aborted) return this.closedError(subject);
    return toContainerError(error, { ...subject, plugin: this.options.id, signal });
  }

  /** The error of a call on a closed session. */
  closedError(subject: Subject): ContainerError {
    const { action, ...ids } = subject;
    return new ContainerError("unavailable", `${action}: client closed`, {
      ...ids,
      plugin: this.options.id,
    });
  }

  /** The error of a call whose object is not there. */
  notFound(subject: Subject, state: string): ContainerError {
    const { action, ...ids } = subject;
    return new ContainerError("not_found", `${action}: ${state}`, {
      ...ids,
      plugin: this.options.id,
    });
  }

  /** Makes a call that may be cut at any time. */
  async call<T>(subject: Subject, send: Send<T>, { signal }: CallOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    if (this.#closed) throw this.closedError(subject);
    try {
      return await send(this.rpcOptions(signal));
    } catch (error) {
      throw this.error(error, subject, signal);
    }
  }

  /**
   * Makes a call that changes something. An abort rejects at once but does not cut the call, whose
   * outcome would then be unknown: when it has succeeded, `undo` reverts it.
   */
  async change<T>(
    subject: Subject,
    send: Send<T>,
    options: CallOptions = {},
    undo?: Undo<T>,
  ): Promise<T> {
    const step = (cut?: AbortSignal) => this.call(subject, send, { signal: cut });
    return await this.finish(subject, step, options, undo);
  }

  /** As {@linkcode Session.change}, for a step of more than the call. */
  async finish<T>(
    subject: Subject,
    step: (cut?: AbortSignal) => Promise<T>,
    { signal }: CallOptions = {},
    undo?: Undo<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    if (this.#closing) throw this.closedError(subject);
    if (signal === undefined) return await this.#underWay(step());
    const cut = new AbortController();
    const result = this.#underWay(step(cut.signal));
    try {
      return await abortable(result, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      this.cleanups.add(async (budget) => {
        budget.addEventListener("abort", () => cut.abort(budget.reason), { once: true });
        const outcome = await result.then((value) => ({ value }), () => undefined);
        if (outcome) await undo?.(outcome.value, budget);
      }, { subject: cleanupSubject(subject) });
      throw signal.reason;
    }
  }

  /** Asks the daemon for its version. */
  async daemonVersion(options: CallOptions = {}): Promise<VersionResponse> {
    return await this.call(
      { action: "Cannot get version of containerd" },
      (rpc) => this.version.version({}, rpc),
      options,
    );
  }

  /** Waits for what earlier, aborted calls on the same object still undo. */
  async settled(subject: Subject, { signal }: CallOptions = {}): Promise<void> {
    await abortable(this.cleanups.settled(cleanupSubject(subject)), signal);
  }

  /** Undoes a step whose call failed or was aborted, after what is undone already; errors as `add`. */
  async undo(subject: Subject, job: CleanupJob, { signal }: CallOptions = {}): Promise<void> {
    await this.cleanups.add(job, { signal, subject: cleanupSubject(subject) });
  }

  /**
   * Closes the connection, after the steps that are under way, for at most 10 s, and what aborted
   * calls still undo. A shim that is cut off from the pipes it is about to open waits for them for
   * ever, and with it every later call about its container.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.cleanups.settled();
    await this.#stepsOver();
    await this.cleanups.settled();
    this.#closed = true;
    const closing = [...this.#closers].map(async (close) => await close());
    this.#closers.clear();
    await Promise.allSettled(closing);
    await this.#rpc[Symbol.asyncDispose]();
  }

  #underWay<T>(step: Promise<T>): Promise<T> {
    const over = step.then(() => {}, () => {}).finally(() => this.#steps.delete(over));
    this.#steps.add(over);
    return step;
  }

  async #stepsOver(): Promise<void> {
    if (this.#steps.size === 0) return;
    const budget = AbortSignal.timeout(STEPS_BUDGET_MS);
    await abortable(Promise.all(this.#steps), budget).catch(() => {}); // they are cut then
  }
}

/** Resolves to `undefined` where a call fails with `not_found`. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isContainerError(error, "not_found")) return undefined;
    throw error;
  }
}
