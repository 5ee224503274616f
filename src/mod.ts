/**
 * Runs containers from any JavaScript runtime, through the runtimes of a registry.
 *
 * @example
 * ```ts
 * import { connect } from "libcontainerd/auto";
 * import { linuxSpec } from "libcontainerd/spec";
 *
 * const client = await connect();
 * const spec = linuxSpec({ args: ["echo", "hello"], rootfs: "/srv/rootfs" });
 * const status = await client.run("hello", spec, "io.containerd.runc.v2", {
 *   stdio: { stdout: "inherit" },
 * });
 * ```
 *
 * @module
 */

export { Client } from "./client.ts";
export type {
  ClientDescription,
  ClientOptions,
  CreateOptions,
  ExecOptions,
  PipedStdio,
  RestoreOptions,
  RestoreResult,
  RunOptions,
  RunStdio,
  StartOptions,
  StdioCallback,
  StdioChoice,
  StdioOf,
} from "./client-options.ts";
export type { Backend } from "./event-hub.ts";
export { ContainerError, isContainerError } from "./errors.ts";
export type { DirectoryArchiver } from "./directory-archiver.ts";
export type { ContainerErrorOptions, ErrorCode } from "./errors.ts";
export type {
  ContainerEvent,
  CreateEvent,
  DeleteEvent,
  EventBase,
  EventStream,
  ExecAddedEvent,
  ExecStartedEvent,
  ExitEvent,
  GapEvent,
  OomEvent,
  RuntimeEvent,
  StartEvent,
  StateEvent,
  StreamEvent,
} from "./events.ts";
export type { ExitedStatus, ExitStatus, LostStatus } from "./exit-status.ts";
export type { RuntimeRecorder } from "./recorder.ts";
export { Registry } from "./registry.ts";
export type { PluginLoader, PluginSource, RegistryOptions } from "./registry.ts";
export { INIT_PROCESS } from "./runtime.ts";
export type {
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  Container,
  ContainerChanges,
  ContainerInfo,
  CreateRequest,
  DeleteOptions,
  ExecTaskOptions,
  FindTaskOptions,
  KillOptions,
  ListOptions,
  NewTaskOptions,
  PidInfo,
  Process,
  ProcessStatus,
  Resources,
  Runtime,
  RuntimePlugin,
  StdioCallOptions,
  Task,
  TerminalSize,
  TypedValue,
  Version,
  WindowsProcessInfo,
} from "./runtime.ts";
export type {
  RuncOptions,
  RunhcsOptions,
  RuntimeConfigOptions,
  RuntimeOptions,
  RuntimeOptionsByShim,
  ShimName,
} from "./runtime-options.ts";
export type { Stats } from "./stats.ts";
export type {
  ByteSource,
  InputSource,
  InputStream,
  OptionOf,
  OutputStream,
  OutputTarget,
  Piped,
  RestoredStdio,
  Stdio,
  StdioDriver,
  StdioFor,
  StdioLeftovers,
  StdioOptions,
  StdioOwner,
  StdioPaths,
  StdioRequest,
  StdioSession,
} from "./stdio.ts";
export type { Connection, Transport } from "./transport.ts";
