import { ContainerError } from "../../src/errors.ts";
import { EventQueue } from "../../src/event-queue.ts";
import type { EventStream, RuntimeEvent } from "../../src/events.ts";
import type { ExitedStatus, ExitStatus } from "../../src/exit-status.ts";
import type { Spec } from "../../src/oci/spec.ts";
import type {
  Container,
  ContainerInfo,
  CreateRequest,
  DeleteOptions,
  NewTaskOptions,
  Process,
  ProcessStatus,
  Runtime,
  RuntimePlugin,
  Task,
} from "../../src/runtime.ts";
import type { Stdio } from "../../src/stdio.ts";

/** A spec that passes the checks. */
export const spec: Spec = {
  ociVersion: "1.1.0",
  process: { cwd: "/", args: ["true"], user: { uid: 0, gid: 0 } },
  root: { path: "rootfs" },
};

/** How a fake process ends. */
export function exited(code: number): ExitedStatus {
  return { state: "exited", code, exitedAt: new Date(1), oomKilled: false, truncated: false };
}

/** Runs before each call that is noted; what it throws is what the call rejects with. */
export type Hook = (call: string) => void | Promise<void>;

/** A runtime that holds containers in memory, notes every call, and fails where a hook says so. */
export class FakeRuntime implements Runtime {
  /** Every call so far: `start web`, `delete web/shell`. */
  readonly calls: string[] = [];
  /** The containers by id. */
  readonly containers = new Map<string, FakeContainer>();
  /** Runs before each call. */
  hook: Hook = () => {};
  /** Whether it was disposed. */
  isDisposed = false;
  /** Makes `ready` of the subscriptions to come reject. */
  subscriptionProblem: unknown;
  readonly #queues = new Set<EventQueue<RuntimeEvent>>();

  /** How many subscriptions are open. */
  get subscriptions(): number {
    return this.#queues.size;
  }

  async note(call: string): Promise<void> {
    this.calls.push(call);
    await this.hook(call);
  }

  /** Tells all subscribers of an event. */
  emit(event: RuntimeEvent): void {
    for (const queue of this.#queues) queue.push(event);
  }

  /** Ends all subscriptions, as a runtime must not. */
  endSubscriptions(): void {
    for (const queue of [...this.#queues]) queue.close();
  }

  async version(): Promise<{ readonly version: string; readonly revision: string }> {
    await this.note("version");
    return { version: "1.0", revision: "" };
  }

  async createContainer(request: CreateRequest): Promise<Container> {
    await this.note(`create ${request.id}`);
    if (this.containers.has(request.id) && !request.replace) {
      throw new ContainerError("conflict", `Cannot create container "${request.id}": in use`);
    }
    const container = new FakeContainer(this, request);
    this.containers.set(request.id, container);
    return container;
  }

  async loadContainer(id: string): Promise<Container> {
    await this.note(`load ${id}`);
    const container = this.containers.get(id);
    if (container) return container;
    throw new ContainerError("not_found", `Cannot find container "${id}": no record`);
  }

  events(): EventStream {
    const queue = new EventQueue<RuntimeEvent>({
      gap: (missed) => ({ type: "gap", timestamp: new Date(0), missed }),
      onReturn: () => this.#queues.delete(queue),
    });
    const problem = this.subscriptionProblem;
    if (problem === undefined) this.#queues.add(queue);
    const ready = problem === undefined ? Promise.resolve() : Promise.reject(problem);
    ready.catch(() => {});
    return {
      ready,
      [Symbol.asyncIterator]: () => queue,
      [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
    };
  }

  async *listContainers(): AsyncIterable<ContainerInfo> {
    for (const container of this.containers.values()) yield await container.info();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    for (const queue of [...this.#queues]) queue.close();
    return Promise.resolve();
  }
}

/** A plugin that opens one fake runtime. */
export function fakePlugin(runtime: FakeRuntime, id = "fake"): RuntimePlugin {
  return { id, open: () => Promise.resolve(runtime) };
}

let lastCreated = 0;

/** A container of a {@linkcode FakeRuntime}. */
export class FakeContainer implements Container {
  readonly id: string;
  readonly createdAt: Date = new Date(++lastCreated);
  readonly runtime: FakeRuntime;
  readonly request: CreateRequest;
  current: FakeTask | undefined;

  constructor(runtime: FakeRuntime, request: CreateRequest) {
    this.id = request.id;
    this.runtime = runtime;
    this.request = request;
  }

  info(): Promise<ContainerInfo> {
    const { id, spec, shim, labels = {}, image = "" } = this.request;
    return Promise.resolve({
      id,
      image,
      shim,
      labels,
      extensions: {},
      snapshot: { snapshotter: "", key: "" },
      createdAt: this.createdAt,
      updatedAt: this.createdAt,
      spec,
    });
  }

  async newTask(options: NewTaskOptions = {}): Promise<Task> {
    await this.runtime.note(`new-task ${this.id}`);
    if (this.current) {
      throw new ContainerError("already_exists", `Cannot make task of "${this.id}": there is one`);
    }
    this.current = new FakeTask(this, options);
    return this.current;
  }

  async task(): Promise<Task> {
    await this.runtime.note(`task ${this.id}`);
    if (this.current) return this.current;
    throw new ContainerError("not_found", `Cannot find task of "${this.id}": none`);
  }

  async delete(): Promise<void> {
    await this.runtime.note(`delete-container ${this.id}`);
    if (this.current) {
      throw new ContainerError("failed_precondition", `Cannot delete "${this.id}": has a task`);
    }
    this.runtime.containers.delete(this.id);
  }
}

let lastPid = 100;

/** A process of a {@linkcode FakeContainer}. */
export class FakeProcess implements Process {
  readonly id: string;
  readonly containerId: string;
  readonly stdio: Stdio;
  /** What it was made with. */
  readonly options: NewTaskOptions;
  pid = 0;
  state: ProcessStatus["state"] = "created";
  protected readonly runtime: FakeRuntime;
  readonly #end: PromiseWithResolvers<ExitStatus> = Promise.withResolvers();
  readonly #name: string;

  constructor(container: FakeContainer, id: string, options: NewTaskOptions) {
    this.id = id;
    this.containerId = container.id;
    this.runtime = container.runtime;
    this.options = options;
    this.#name = id === "init" ? container.id : `${container.id}/${id}`;
    const { stdin, stdout, stderr } = options.stdio ?? {};
    this.stdio = {
      stdin: stdin === "piped" ? new WritableStream() : null,
      stdout: stdout === "piped" ? new ReadableStream() : null,
      stderr: stderr === "piped" ? new ReadableStream() : null,
    };
  }

  get exited(): Promise<ExitStatus> {
    return this.#end.promise;
  }

  /** Ends it. */
  end(status: ExitStatus): void {
    this.state = "stopped";
    this.#end.resolve(status);
  }

  async start(): Promise<void> {
    await this.note("start");
    this.state = "running";
    this.pid = ++lastPid;
  }

  wait({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<ExitStatus> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.exited.then(resolve);
    });
  }

  async kill(signal: number | string): Promise<void> {
    await this.note(`kill-${signal}`);
    this.end(exited(128 + Number(signal)));
  }

  async resize(): Promise<void> {
    await this.note("resize");
  }

  async closeStdin(): Promise<void> {
    await this.note("close-stdin");
  }

  status(): Promise<ProcessStatus> {
    return Promise.resolve({ state: this.state, pid: this.pid });
  }

  async delete({ force }: DeleteOptions = {}): Promise<ExitStatus> {
    await this.note(force ? "delete-force" : "delete");
    if (this.state !== "stopped") {
      if (!force) throw new ContainerError("failed_precondition", "Cannot delete it: running");
      this.end(exited(137));
    }
    this.removed();
    return this.exited;
  }

  /** Forgets it. */
  protected removed(): void {}

  protected note(call: string): Promise<void> {
    return this.runtime.note(`${call} ${this.#name}`);
  }
}

/** The task of a {@linkcode FakeContainer}; it has no optional member. */
export class FakeTask extends FakeProcess implements Task {
  readonly container: FakeContainer;
  readonly processes = new Map<string, FakeProcess>();

  constructor(container: FakeContainer, options: NewTaskOptions) {
    super(container, "init", options);
    this.container = container;
  }

  async exec(processId: string, _process: unknown, options: NewTaskOptions = {}): Promise<Process> {
    await this.runtime.note(`exec ${this.containerId}/${processId}`);
    if (this.processes.has(processId)) {
      throw new ContainerError("already_exists", `Cannot add process "${processId}": in use`);
    }
    const { container, processes } = this;
    const added = new class extends FakeProcess {
      protected override removed(): void {
        processes.delete(processId);
      }
    }(container, processId, options);
    processes.set(processId, added);
    return added;
  }

  async loadProcess(processId: string): Promise<Process> {
    await this.runtime.note(`load-process ${this.containerId}/${processId}`);
    const found = this.processes.get(processId);
    if (found) return found;
    throw new ContainerError("not_found", `Cannot find process "${processId}": none`);
  }

  protected override removed(): void {
    this.container.current = undefined;
  }
}
