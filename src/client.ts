import { capability } from "./capability.ts";
import {
  checkLabels,
  checkProcess,
  checkResources,
  checkSignal,
  checkSpec,
  checkTerminalSize,
} from "./check-input.ts";
import { checkNames, checkOptions } from "./check-options.ts";
import { Cleanups } from "./cleanups.ts";
import {
  checkMethod,
  CREATE_OPTIONS,
  errorHandler,
  splitArguments,
  typed,
} from "./client-arguments.ts";
import type {
  ClientDescription,
  ClientOptions,
  CreateOptions,
  ExecOptions,
  RestoreOptions,
  RestoreResult,
  RunOptions,
  StartOptions,
  StdioChoice,
  StdioOf,
} from "./client-options.ts";
import { deferredEvents } from "./deferred-events.ts";
import type { EventHub } from "./event-hub.ts";
import type { EventStream } from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";
import { Handles } from "./handles.ts";
import { validateContainerId, validateExecId } from "./identifiers.ts";
import { inspectable } from "./inspectable.ts";
import { Launcher } from "./launcher.ts";
import type { Process as ProcessSpec, Spec } from "./oci/spec.ts";
import { OpenCalls } from "./open-calls.ts";
import type { Registry } from "./registry.ts";
import type {
  CallOptions,
  CheckpointOptions,
  Container,
  ContainerInfo,
  DeleteOptions,
  KillOptions,
  ListOptions,
  PidInfo,
  Process,
  ProcessStatus,
  Resources,
  Runtime,
  Task,
  TerminalSize,
  Version,
} from "./runtime.ts";
import { INIT_PROCESS } from "./runtime.ts";
import { RuntimePool } from "./runtime-pool.ts";
import type { Stats } from "./stats.ts";
import { Targets } from "./targets.ts";
import type { RestoredStdio, StdioOptions } from "./stdio.ts";

/**
 * Runs containers by their ids, on the runtimes of a registry.
 *
 * A container that another client made is found by its id, like one's own. Every call takes a
 * `signal` last; an abort rejects with its reason, and what the call had begun is undone.
 *
 * @example
 * ```ts
 * const client = new Client(new Registry({}, { fallback: containerd({ rpc, stdio }) }));
 * await client.create("web", spec, "io.containerd.runc.v2");
 * const process = await client.start("web", { stdio: { stdout: "piped" } });
 * ```
 */
export class Client implements AsyncDisposable {
  readonly #pool: RuntimePool;
  readonly #options: ClientOptions;
  #hub: Promise<EventHub> | undefined;
  readonly #handles: Handles;
  readonly #cleanups: Cleanups;
  readonly #targets: Targets;
  readonly #launcher: Launcher;
  readonly #description: ClientDescription;
  readonly #onError: (error: unknown) => void;
  readonly #owned = new Map<string, Container>();
  readonly #calls: OpenCalls = new OpenCalls();
  #disposal: Promise<void> | undefined;

  /**
   * Makes a client; nothing is opened before the first call.
   *
   * @param registry The runtimes by shim name.
   */
  constructor(registry: Registry, options: ClientOptions = {}) {
    checkMethod("registry", registry?.resolve);
    checkNames(options, "backend", "onError", "recorder", "description");
    const { backend, recorder } = options;
    if (backend !== undefined) checkMethod("backend", backend?.processEvent);
    if (recorder !== undefined) checkMethod("recorder", recorder?.record);
    const onError = errorHandler(options.onError);
    this.#onError = onError;
    this.#cleanups = new Cleanups(onError);
    this.#options = options;
    this.#pool = new RuntimePool(registry, async (runtime) => {
      if (options.backend || this.#hub) await (await this.#loadHub()).add(runtime);
    }, options.recorder);
    this.#handles = new Handles(({ signal }) => this.#pool.searchable(signal));
    this.#targets = new Targets(this.#pool, this.#handles, this.#cleanups);
    this.#launcher = new Launcher(this.#handles, this.#cleanups, onError);
    this.#description = options.description ?? {
      runtime: registry.names.join(", ") || "default",
      reason: "given",
    };
  }

  /** Says which runtime is used and why. */
  describe(): ClientDescription {
    return this.#description;
  }

  /**
   * The default runtime, for what it has beyond others.
   *
   * @throws {ContainerError} `unimplemented` if there is none.
   */
  runtime(options?: CallOptions): Promise<Runtime>;
  /**
   * The runtime of a shim, for what it has beyond others.
   *
   * @param shim Default: that of the default runtime.
   * @throws {ContainerError} `unimplemented` if no runtime serves the shim.
   */
  runtime(shim?: string, options?: CallOptions): Promise<Runtime>;
  async runtime(first?: string | CallOptions, last: CallOptions = {}): Promise<Runtime> {
    const [shim, options] = splitArguments(first, last);
    checkOptions(options);
    return await this.#targets.runtime(shim, options);
  }

  /** Version of the default runtime. */
  version(options?: CallOptions): Promise<Version>;
  /** Version of the runtime of a shim. */
  version(shim?: string, options?: CallOptions): Promise<Version>;
  async version(first?: string | CallOptions, last: CallOptions = {}): Promise<Version> {
    const [shim, options] = splitArguments(first, last);
    checkOptions(options);
    return await (await this.#targets.runtime(shim, options)).version(options);
  }

  /**
   * Makes a container; nothing runs yet.
   *
   * @param shim Names the runtime, for instance `io.containerd.runc.v2`.
   * @throws {ContainerError} `conflict` if the id is in use, `invalid_argument` with the field for
   * bad input, `unimplemented` if no runtime serves the shim.
   */
  async create<Shim extends string>(
    id: string,
    spec: Spec,
    shim: Shim,
    options: CreateOptions<Shim> = {},
  ): Promise<Container> {
    checkOptions(options, ...CREATE_OPTIONS, "remove");
    validateContainerId(id);
    await checkSpec(spec);
    if (options.labels) await checkLabels(options.labels);
    const { signal, remove, ...request } = options;
    return await this.#calls.run(async (signal) => {
      const runtime = await this.#targets.runtime(shim, { signal });
      await this.#targets.settled(id, signal);
      const container = await runtime.createContainer({ ...request, id, spec, shim }, { signal });
      this.#handles.addContainer(container, runtime);
      if (remove) this.#owned.set(id, container);
      return container;
    }, signal);
  }

  /**
   * Starts the first process of a container.
   *
   * @throws {ContainerError} `not_found` without the container, `already_exists` if it has a task.
   */
  async start<const S extends StdioChoice = StdioChoice>(
    id: string,
    options: StartOptions<S> = {},
  ): Promise<Task<StdioOf<S>>> {
    checkOptions(options, "stdio", "checkpointDir");
    const container = await this.#targets.container(id, options);
    return typed<Task<StdioOf<S>>>(await this.#launcher.start(container, options));
  }

  /**
   * Starts a further process in a running container. Its record is removed when it has ended; the
   * handle keeps its status.
   *
   * @throws {ContainerError} `already_exists` if the process id is in use, `failed_precondition` if
   * the container does not run, `not_found` if somebody else has removed it.
   */
  async exec<const S extends StdioChoice = StdioChoice>(
    id: string,
    processId: string,
    process: ProcessSpec,
    options: ExecOptions<S> = {},
  ): Promise<Process<StdioOf<S>>> {
    checkOptions(options, "stdio");
    validateExecId(processId);
    await checkProcess(process);
    const task = await this.#targets.task(id, options);
    return typed<Process<StdioOf<S>>>(
      await this.#launcher.exec(task, processId, process, options),
    );
  }

  /**
   * Finds a container that another client, or an earlier process, made, and attaches to its first
   * process. A stream that was not piped when it was started is `null`; one that is has one reader at
   * a time: of two that attach to it each gets a part of what comes.
   *
   * @throws {ContainerError} `not_found` if no runtime has it.
   */
  restore<const S extends StdioOptions = StdioOptions>(
    id: string,
    options?: RestoreOptions<S> & { readonly processId?: undefined },
  ): Promise<RestoreResult<Task<RestoredStdio<S>>>>;
  /** As for the first process, with `processId` for a further one; {@linkcode Client.summary} tells which there are. */
  restore<const S extends StdioOptions = StdioOptions>(
    id: string,
    options: RestoreOptions<S> & { readonly processId: string },
  ): Promise<RestoreResult<Process<RestoredStdio<S>>>>;
  async restore(
    id: string,
    options: RestoreOptions & { readonly processId?: string | undefined } = {},
  ): Promise<unknown> {
    checkOptions(options, "shim", "stdio", "processId");
    validateContainerId(id);
    const { signal, shim } = options;
    const find = async () =>
      shim === undefined
        ? await this.#targets.container(id, options)
        : await this.#handles.load(await this.#targets.runtime(shim, options), id, { signal });
    const { restore } = await import("./restore.ts");
    return await restore(options, {
      handles: this.#handles,
      find,
      onStreamError: this.#onError,
    });
  }

  /**
   * Runs a container to its end and removes it, on every path: an abort kills it, and rejects at
   * once, while the removal goes on until {@linkcode Client} is disposed, which waits for it.
   * Nothing can be `"piped"`: give streams, or a callback that is handed them.
   *
   * @returns How its first process ended.
   * @throws {ContainerError} `data_loss`, once the container has ended and is removed, if a stream
   * of `stdio` failed: then the result is not complete.
   */
  async run<Shim extends string>(
    id: string,
    spec: Spec,
    shim: Shim,
    options: RunOptions<Shim> = {},
  ): Promise<ExitStatus> {
    checkOptions(options, ...CREATE_OPTIONS, "stdio", "checkpointDir");
    const { stdio, checkpointDir, ...own } = options;
    return await this.#calls.run(async (signal) => {
      const { runContainer } = await import("./run-container.ts");
      return await runContainer({
        launcher: this.#launcher,
        handles: this.#handles,
        cleanups: this.#cleanups,
        onError: this.#onError,
        create: () => this.create(id, spec, shim, { ...own, signal } as CreateOptions<Shim>),
      }, { signal, stdio, checkpointDir });
    }, options.signal);
  }

  /**
   * Sends a signal to a process.
   *
   * @param signal Number, or a name with or without `SIG`.
   * @throws {ContainerError} `invalid_argument` for an unknown signal, `not_found` if the process
   * has ended, `failed_precondition` if the container does not run.
   */
  async signalProcess(
    id: string,
    processId: string,
    signal: number | string,
    options: KillOptions = {},
  ): Promise<void> {
    checkOptions(options, "all");
    const number = await checkSignal(signal);
    await (await this.#targets.process(id, processId, options)).kill(number, options);
  }

  /**
   * Changes the size of a process's terminal; also before it is started.
   *
   * @throws {ContainerError} `invalid_argument` for a size outside 1 to 65535 cells,
   * `failed_precondition` if the container does not run or the process has no terminal.
   */
  async resizeTerminal(
    id: string,
    processId: string,
    size: TerminalSize,
    options: CallOptions = {},
  ): Promise<void> {
    checkOptions(options);
    await checkTerminalSize(size);
    await (await this.#targets.process(id, processId, options)).resize(size, options);
  }

  /** Closes the input of the first process: it reads the end after what was written. */
  closeStdin(id: string, options?: CallOptions): Promise<void>;
  /** Closes the input of a process: it reads the end after what was written. */
  closeStdin(id: string, processId?: string, options?: CallOptions): Promise<void>;
  async closeStdin(
    id: string,
    first?: string | CallOptions,
    last: CallOptions = {},
  ): Promise<void> {
    const [processId = INIT_PROCESS, options] = splitArguments(first, last);
    checkOptions(options);
    await (await this.#targets.process(id, processId, options)).closeStdin(options);
  }

  /** Freezes all processes of a container. */
  async pause(id: string, options: CallOptions = {}): Promise<void> {
    checkOptions(options);
    const task = await this.#targets.task(id, options);
    await capability(task, "pause").call(task, options);
  }

  /** Thaws all processes of a container. */
  async resume(id: string, options: CallOptions = {}): Promise<void> {
    checkOptions(options);
    const task = await this.#targets.task(id, options);
    await capability(task, "resume").call(task, options);
  }

  /** Measures what a container uses. */
  async stats(id: string, options: CallOptions = {}): Promise<Stats> {
    checkOptions(options);
    const task = await this.#targets.task(id, options);
    return capability(task, "stats").call(task, options);
  }

  /** Process ids of all processes of a container, on the runtime's host. */
  async listPids(id: string, options: CallOptions = {}): Promise<readonly number[]> {
    return (await this.summary(id, options)).map(({ pid }) => pid);
  }

  /** What is known of each process of a container. */
  async summary(id: string, options: CallOptions = {}): Promise<readonly PidInfo[]> {
    checkOptions(options);
    const task = await this.#targets.task(id, options);
    return capability(task, "listPids").call(task, options);
  }

  /**
   * State of the first process.
   *
   * @throws {ContainerError} `failed_precondition` if the container has no task.
   */
  status(id: string, options?: CallOptions): Promise<ProcessStatus>;
  /** State of a process; a further one that has ended is `stopped`, although its record is gone. */
  status(id: string, processId?: string, options?: CallOptions): Promise<ProcessStatus>;
  async status(
    id: string,
    first?: string | CallOptions,
    last: CallOptions = {},
  ): Promise<ProcessStatus> {
    const [processId, options] = splitArguments(first, last);
    const ask = (process: Process) => process.status(options);
    return await this.#targets.ask(id, processId, options, ask, ({ pid, status }) => ({
      state: "stopped",
      pid,
      ...(status.state === "exited" && { code: status.code, exitedAt: status.exitedAt }),
    }));
  }

  /** Waits for the end of the first process; also after it has ended. */
  wait(id: string, options?: CallOptions): Promise<ExitStatus>;
  /**
   * Waits for the end of a process, by default of the first one; also after it has ended. A lost
   * connection does not end the wait.
   */
  wait(id: string, processId?: string, options?: CallOptions): Promise<ExitStatus>;
  async wait(
    id: string,
    first?: string | CallOptions,
    last: CallOptions = {},
  ): Promise<ExitStatus> {
    const [processId, options] = splitArguments(first, last);
    const ask = (process: Process) => process.wait(options);
    return await this.#targets.ask(id, processId, options, ask, ({ status }) => status);
  }

  /** Changes the limits of a running container. */
  async updateResources(
    id: string,
    resources: Resources,
    options: CallOptions = {},
  ): Promise<void> {
    checkOptions(options);
    await checkResources(resources);
    const task = await this.#targets.task(id, options);
    await capability(task, "updateResources").call(task, resources, options);
  }

  /**
   * Writes the state of a running container to a folder on this host, from which
   * {@linkcode Client.start} continues.
   */
  async createCheckpoint(
    id: string,
    directory: string,
    options: CheckpointOptions = {},
  ): Promise<void> {
    checkOptions(options, "exit");
    const task = await this.#targets.task(id, options);
    await capability(task, "createCheckpoint").call(task, directory, options);
  }

  /**
   * Removes the task of a container, once its first process has ended.
   *
   * @returns How the first process ended.
   * @throws {ContainerError} `failed_precondition` if it runs and `force` is not set.
   */
  async deleteTask(id: string, options: DeleteOptions = {}): Promise<ExitStatus> {
    checkOptions(options, "force");
    const task = await this.#targets.task(id, options);
    const status = await task.delete(options);
    this.#handles.removeTask(task);
    return status;
  }

  /**
   * Removes a container. With `force` its task is ended and removed before, and a container that
   * somebody else removes at the same time is no error.
   *
   * @throws {ContainerError} `failed_precondition` if it has a task and `force` is not set.
   */
  async delete(id: string, options: DeleteOptions = {}): Promise<void> {
    checkOptions(options, "force");
    const container = await this.#targets.container(id, options);
    const { deleteContainer } = await import("./delete-container.ts");
    await deleteContainer(container, {
      ...options,
      handles: this.#handles,
      deleteTask: () => this.deleteTask(id, options),
    });
    this.#owned.delete(id);
  }

  /**
   * Lists the records of all containers of the open runtimes and the default one. One of several
   * runtimes that keeps no list is left out; where none is open, nor is a default one, there are none.
   *
   * @throws {ContainerError} `unimplemented` if there are runtimes, and none of them keeps one.
   */
  async *listContainers(options: ListOptions = {}): AsyncIterable<ContainerInfo> {
    checkOptions(options, "filters");
    const { listContainers } = await import("./list-containers.ts");
    yield* listContainers(await this.#pool.searchable(options.signal), options);
  }

  /**
   * Subscribes to what happens in all containers. Await its `ready`, and nothing after that is
   * missed, but between the events `disconnected` and `connected`; a reader that falls more than
   * 4096 events behind gets a `gap` instead of what it missed.
   */
  events(options: CallOptions = {}): EventStream {
    checkOptions(options);
    const runtimes = () => this.#pool.searchable(options.signal);
    return deferredEvents(this.#loadHub().then((hub) => hub.stream(runtimes, options)));
  }

  // Loaded on first use: not everybody listens.
  #loadHub(): Promise<EventHub> {
    return this.#hub ??= import("./event-hub.ts").then(({ EventHub }) =>
      new EventHub(this.#options.backend, this.#onError)
    );
  }

  /**
   * Closes connections; containers run on, but those that were made with `remove`, and those of a
   * `run()` that is under way, which rejects. Waits for what failed or aborted calls still undo, and
   * at most 2 s for handlers of a `backend`: one of them may itself wait for this.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposal ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    await this.#calls.close();
    if (this.#owned.size > 0) {
      const { removeOwned } = await import("./owned-containers.ts");
      await removeOwned(this.#owned.values(), this.#handles, this.#cleanups);
    }
    await this.#cleanups.settled();
    await (await this.#hub)?.[Symbol.asyncDispose]();
    await this.#pool[Symbol.asyncDispose]();
  }
}

inspectable(Client, "Client", (client) => client.describe());
