/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The contract between the {@linkcode Client} and its runtime plugins. A third party's plugin needs
 * nothing but this module.
 *
 * @module
 */

import type { EventStream } from "./events.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { LinuxResources, Process as ProcessSpec, Spec, WindowsResources } from "./oci/spec.ts";
import type {
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  DeleteOptions,
  ExecTaskOptions,
  FindTaskOptions,
  KillOptions,
  ListOptions,
  NewTaskOptions,
} from "./runtime-call-options.ts";
import type { Stats } from "./stats.ts";
import type { Stdio, StdioOptions } from "./stdio.ts";

export type { EventStream, ExitStatus, ProcessSpec, Spec, Stats, Stdio, StdioOptions };
export type {
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  DeleteOptions,
  ExecTaskOptions,
  FindTaskOptions,
  KillOptions,
  ListOptions,
  NewTaskOptions,
  StdioCallOptions,
} from "./runtime-call-options.ts";

/** The id of the first process of a container, in every method that takes a process id. */
export const INIT_PROCESS = "init";

/** Declares a runtime: free to import and to hold, opened on first use. */
export interface RuntimePlugin {
  /** Names the plugin in messages, for instance `containerd`. */
  readonly id: string;
  /** Connects to the runtime. Called once at a time, and again after a failure. */
  open(options?: CallOptions): Promise<Runtime>;
}

/** What a runtime says of itself. */
export interface Version {
  /** Version of the runtime, for instance `2.1.9`. */
  readonly version: string;
  /** Source revision it was built from, may be empty. */
  readonly revision: string;
}

/** A size in character cells, each 1 to 65535. */
export interface TerminalSize {
  /** Width. */
  readonly columns: number;
  /** Height. */
  readonly rows: number;
}

/** What a container is made from. */
export interface CreateRequest {
  /** Id of the container: at most 76 of `A-Z a-z 0-9 _ . -`, separators only between others. */
  readonly id: string;
  /** OCI runtime spec. */
  readonly spec: Spec;
  /** Name of the shim, for instance `io.containerd.runc.v2`, or the path of its binary. */
  readonly shim: string;
  /** Options of the shim; their type follows from the shim's name. */
  readonly runtimeOptions?: unknown;
  /** Labels of the container. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Name of the image, for the record. */
  readonly image?: string | undefined;
  /**
   * Snapshot that is mounted as root file system; without one `spec.root.path` is used, which then
   * must name a folder with files: a relative one is an empty folder.
   */
  readonly snapshot?: { readonly snapshotter: string; readonly key: string } | undefined;
  /** Further records that are kept with the container, by name. */
  readonly extensions?: Readonly<Record<string, TypedValue>> | undefined;
  /** Whether a container that already has this id is removed first, with its task. Default: false. */
  readonly replace?: boolean | undefined;
}

/** A value with the name of its type, as in `google.protobuf.Any`. */
export interface TypedValue {
  /** Name of the type, for instance `containerd.runc.v1.Options`. */
  readonly typeUrl: string;
  /** The encoded value. */
  readonly value: Uint8Array;
}

/** The record of a container. */
export interface ContainerInfo {
  /** Id of the container. */
  readonly id: string;
  /** Name of its image; may be empty. */
  readonly image: string;
  /** Name of its shim. */
  readonly shim: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its extensions. */
  readonly extensions: Readonly<Record<string, TypedValue>>;
  /** Snapshotter and key of its root file system; empty without one. */
  readonly snapshot: { readonly snapshotter: string; readonly key: string };
  /** When it was made. */
  readonly createdAt: Date;
  /** When its record was last changed. */
  readonly updatedAt: Date;
  /** The spec it was made from. */
  readonly spec: Spec;
}

/** A connected runtime. Disposing it closes connections; containers run on. */
export interface Runtime extends AsyncDisposable {
  /** Asks for the version. */
  version(options?: CallOptions): Promise<Version>;
  /**
   * Makes a container; nothing runs yet.
   *
   * @throws {ContainerError} `conflict` if the id is in use, `invalid_argument` for a bad request.
   */
  createContainer(request: CreateRequest, options?: CallOptions): Promise<Container>;
  /**
   * Finds a container by its id, whoever made it.
   *
   * @throws {ContainerError} `not_found` if there is none.
   */
  loadContainer(id: string, options?: CallOptions): Promise<Container>;
  /** Subscribes to the events of all containers. */
  events(options?: CallOptions): EventStream;
  /** Lists the records of all containers. */
  listContainers?(options?: ListOptions): AsyncIterable<ContainerInfo>;
}

/**
 * A container: a spec with an id. Its task is what runs. A handle stands for the container that it
 * was got for: where somebody else has removed that one and made another of its id, get a new one.
 */
export interface Container {
  /** Its id. */
  readonly id: string;
  /**
   * When it was made, as in its record: tells it from one that somebody else makes of its id later.
   * A runtime that does not know leaves it out.
   */
  readonly createdAt?: Date | undefined;
  /** Reads its record. */
  info(options?: CallOptions): Promise<ContainerInfo>;
  /** Changes labels (merged; `null` removes one) and extensions of its record. */
  update?(changes: ContainerChanges, options?: CallOptions): Promise<ContainerInfo>;
  /**
   * Makes the task: the first process is ready and not yet started.
   *
   * @throws {ContainerError} `already_exists` if it has one.
   */
  newTask(options?: NewTaskOptions): Promise<Task>;
  /**
   * Finds the task, whoever made it.
   *
   * @throws {ContainerError} `not_found` if it has none; with `force` `deadline_exceeded` if it is
   * stuck.
   */
  task(options?: FindTaskOptions): Promise<Task>;
  /**
   * Removes the container.
   *
   * @throws {ContainerError} `failed_precondition` if it has a task, `not_found` if it is gone.
   */
  delete(options?: CallOptions): Promise<void>;
}

/** What {@linkcode Container.update} changes. */
export interface ContainerChanges {
  /** Labels to set, or with `null` to remove. */
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  /** Extensions to set. */
  readonly extensions?: Readonly<Record<string, TypedValue>> | undefined;
}

/** State of a process. */
export interface ProcessStatus {
  /** State of the process, in containerd's terms. */
  readonly state: "created" | "running" | "stopped" | "paused" | "pausing" | "unknown";
  /** Process id on the runtime's host. */
  readonly pid: number;
  /** Exit code, if it is stopped. */
  readonly code?: number;
  /** When it ended, if it is stopped. */
  readonly exitedAt?: Date;
}

/** A process of a container. */
export interface Process<out S extends Stdio = Stdio> {
  /** Its id; {@linkcode INIT_PROCESS} for the first one. */
  readonly id: string;
  /** The container it is in. */
  readonly containerId: string;
  /** Process id on the runtime's host; 0 before it is started. */
  readonly pid: number;
  /** Its piped streams. */
  readonly stdio: S;
  /**
   * Its end, like {@linkcode Process.wait}, but holding it does not keep this process alive. Never
   * rejects; stays pending if the runtime is closed before.
   */
  readonly exited: Promise<ExitStatus>;
  /** Starts it. */
  start(options?: CallOptions): Promise<void>;
  /**
   * Waits for its end and for the end of its output, any number of times, also after it was
   * deleted through this handle. A lost connection does not end the wait.
   */
  wait(options?: CallOptions): Promise<ExitStatus>;
  /**
   * Sends a signal.
   *
   * @param signal Number, or a name with or without `SIG`.
   * @throws {ContainerError} `not_found` if it has ended, `failed_precondition` if it was never
   * started and the signal is not `SIGKILL`.
   */
  kill(signal: number | string, options?: KillOptions): Promise<void>;
  /** Changes the size of its terminal. */
  resize(size: TerminalSize, options?: CallOptions): Promise<void>;
  /** Closes its input. */
  closeStdin(options?: CallOptions): Promise<void>;
  /** Asks for its state. */
  status(options?: CallOptions): Promise<ProcessStatus>;
  /**
   * Removes its record, after it has ended (or, with `force`, was killed) and its output was read.
   *
   * @throws {ContainerError} `failed_precondition` if it runs and `force` is not set.
   */
  delete(options?: DeleteOptions): Promise<ExitStatus>;
}

/** A process that was found in a container. */
export interface PidInfo {
  /** Process id on the runtime's host. */
  readonly pid: number;
  /** The process it belongs to, if the runtime knows; `init` is the first one. */
  readonly processId?: string;
  /** What the runtime tells of a Windows process. */
  readonly windows?: WindowsProcessInfo;
}

/** Details of a Windows process. */
export interface WindowsProcessInfo {
  /** Name of its image file. */
  readonly imageName: string;
  /** When it was started. */
  readonly createdAt: Date;
  /** Time in kernel mode, in units of 100 ns. */
  readonly kernelTime100ns: bigint;
  /** Time in user mode, in units of 100 ns. */
  readonly userTime100ns: bigint;
  /** Committed memory, in bytes. */
  readonly memoryCommitBytes: bigint;
  /** Private working set, in bytes. */
  readonly memoryWorkingSetPrivateBytes: bigint;
  /** Shared working set, in bytes. */
  readonly memoryWorkingSetSharedBytes: bigint;
}

/** What {@linkcode Task.updateResources} takes: the resources of the OCI spec. */
export type Resources = LinuxResources | WindowsResources;

/**
 * The running side of a container: its first process, and what acts on all of its processes.
 * An optional member is a capability: where it is missing the client says `unimplemented`.
 */
export interface Task<out S extends Stdio = Stdio> extends Process<S> {
  /** Adds a process; it is started with {@linkcode Process.start}. */
  exec(processId: string, process: ProcessSpec, options?: ExecTaskOptions): Promise<Process>;
  /** Finds a process that was added before, whoever added it. */
  loadProcess(processId: string, options?: AttachOptions): Promise<Process>;
  /** Lists the processes in the container. */
  listPids?(options?: CallOptions): Promise<readonly PidInfo[]>;
  /** Measures what the container uses. */
  stats?(options?: CallOptions): Promise<Stats>;
  /** Freezes all processes. */
  pause?(options?: CallOptions): Promise<void>;
  /** Thaws all processes. */
  resume?(options?: CallOptions): Promise<void>;
  /** Changes the limits of the running container. */
  updateResources?(resources: Resources, options?: CallOptions): Promise<void>;
  /** Writes the state of all processes to a folder. */
  createCheckpoint?(directory: string, options?: CheckpointOptions): Promise<void>;
}
