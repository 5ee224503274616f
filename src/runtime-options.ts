import type { TypedValue } from "./runtime.ts";

/** Options of the runc shim, message `containerd.runc.v1.Options`. All have the shim's default. */
export interface RuncOptions {
  /** Whether the root is moved instead of pivoted, needed on a RAM disk. Default: false. */
  readonly noPivotRoot?: boolean | undefined;
  /** Whether the container shares the caller's session keyring. Default: false. */
  readonly noNewKeyring?: boolean | undefined;
  /** Control group that the shim itself is moved to, by its path. Default: it stays. */
  readonly shimCgroup?: string | undefined;
  /** User id that owns the pipes of the container's streams, 0 to 4294967295. Default: 0. */
  readonly ioUid?: number | undefined;
  /** Group id that owns the pipes of the container's streams, 0 to 4294967295. Default: 0. */
  readonly ioGid?: number | undefined;
  /** Name or path of the OCI runtime's binary. Default: `runc`. */
  readonly binaryName?: string | undefined;
  /** Folder in which the OCI runtime keeps its state. Default: `/run/containerd/runc`. */
  readonly root?: string | undefined;
  /** Whether control groups are made through systemd. Default: false. */
  readonly systemdCgroup?: boolean | undefined;
  /** Folder for the images of checkpoints. */
  readonly criuImagePath?: string | undefined;
  /** Folder for logs and temporary files of checkpoints. */
  readonly criuWorkPath?: string | undefined;
  /**
   * Address of the task service, as `ttrpc+unix://` or `grpc+vsock://`.
   *
   * @deprecated Since containerd 2.0 it goes with the task, not with the shim's options.
   */
  readonly taskApiAddress?: string | undefined;
  /**
   * Version of the task service, 2 or 3.
   *
   * @deprecated Since containerd 2.0 it goes with the task, not with the shim's options.
   */
  readonly taskApiVersion?: number | undefined;
}

/** Options of the Windows shim, message `containerd.runhcs.v1.Options`. */
export interface RunhcsOptions {
  /** Whether the shim logs at level `debug`; {@linkcode logLevel} goes before it. Default: false. */
  readonly debug?: boolean | undefined;
  /** Where the log goes: named pipe, file or event tracing. Default: `npipe`. */
  readonly debugType?: "npipe" | "file" | "etw" | undefined;
  /** Registry key under which state is kept. */
  readonly registryRoot?: string | undefined;
  /** Image of the sandbox, fitting {@linkcode sandboxPlatform}. */
  readonly sandboxImage?: string | undefined;
  /** Platform of all sandboxes: `windows/amd64` or `linux/amd64`. */
  readonly sandboxPlatform?: string | undefined;
  /** Isolation of the sandbox; a Linux one knows only `hypervisor`. Default: `process`. */
  readonly sandboxIsolation?: "process" | "hypervisor" | undefined;
  /** Folder with the kernel and root file system for Linux containers on Windows. */
  readonly bootFilesRootPath?: string | undefined;
  /** Processors of the virtual machine. Default: 2, or 1 on a host with one. */
  readonly vmProcessorCount?: number | undefined;
  /** Memory of the virtual machine, in MiB. Default: 1024. */
  readonly vmMemorySizeMib?: number | undefined;
  /** Path of the virtual disk with graphics drivers, for containers that ask for a GPU. */
  readonly gpuVhdPath?: string | undefined;
  /** Whether processor limits are scaled to the processors of the virtual machine. Default: false. */
  readonly scaleCpuLimitsToSandbox?: boolean | undefined;
  /** Size of a container's scratch space, in GiB. Default: 20. */
  readonly defaultContainerScratchSizeGib?: number | undefined;
  /** Size of a Windows virtual machine's scratch space, in GiB. */
  readonly defaultVmScratchSizeGib?: number | undefined;
  /** Whether Linux containers of a sandbox share its scratch space. Default: false. */
  readonly shareScratch?: boolean | undefined;
  /** Address of the network configuration proxy. Default: the network is set up locally. */
  readonly ncProxyAddress?: string | undefined;
  /** Log level of the shim. */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "panic" | undefined;
  /** How long a lost stream is reconnected, in seconds; 0 for ever. Default: 0. */
  readonly ioRetryTimeoutSeconds?: number | undefined;
  /** Annotations that every container gets. */
  readonly defaultContainerAnnotations?: Readonly<Record<string, string>> | undefined;
  /** Whether a Windows virtual machine keeps UTC instead of the host's time zone. Default: false. */
  readonly noInheritHostTimezone?: boolean | undefined;
  /** Whether environment variables and the like are removed from logs. Default: true. */
  readonly scrubLogs?: boolean | undefined;
}

/** Options of a shim that reads a file of its own, message `runtimeoptions.v1.Options`. */
export interface RuntimeConfigOptions {
  /** Type of what the file holds, for instance `io.containerd.runsc.v1.options`. */
  readonly typeUrl?: string | undefined;
  /** Path of the file on the runtime's host. */
  readonly configPath?: string | undefined;
  /** The file's content, used without {@linkcode configPath}; a string is sent as UTF-8. */
  readonly configBody?: Uint8Array | string | undefined;
}

/** The options of the shims that are known by name. */
export interface RuntimeOptionsByShim {
  /** runc, first shim interface. */
  readonly "io.containerd.runc.v1": RuncOptions;
  /** runc, the default on Linux. */
  readonly "io.containerd.runc.v2": RuncOptions;
  /** Host Compute Service, the default on Windows. */
  readonly "io.containerd.runhcs.v1": RunhcsOptions;
  /** gVisor. */
  readonly "io.containerd.runsc.v1": RuntimeConfigOptions;
  /** Kata Containers. */
  readonly "io.containerd.kata.v2": RuntimeConfigOptions;
}

/**
 * The name of a shim: the name itself, or that which the path of its binary stands for, as
 * `/opt/bin/containerd-shim-runc-v2` does for `io.containerd.runc.v2`.
 */
export type ShimName<Shim extends string> = Shim extends `${string}/${infer Rest}` ? ShimName<Rest>
  : Shim extends `${string}\\${infer Rest}` ? ShimName<Rest>
  : Shim extends `${infer Name}.exe` ? ShimName<Name>
  : Shim extends `containerd-shim-${infer Name}-v${infer Version}`
    ? `io.containerd.${Name}.v${Version}`
  : Shim;

/**
 * The options of a shim: those of its name where the name is known, else the path or content of a
 * configuration file. An already encoded {@linkcode TypedValue} fits any shim; so does everything
 * where the name is any `string`, and it is then checked when it is used.
 */
export type RuntimeOptions<Shim extends string> = string extends Shim
  ? RuntimeOptionsByShim[keyof RuntimeOptionsByShim] | TypedValue
  : ShimName<Shim> extends keyof RuntimeOptionsByShim
    ? RuntimeOptionsByShim[ShimName<Shim>] | TypedValue
  : RuntimeConfigOptions | TypedValue;

/** Finds the name of a shim, as {@linkcode ShimName} does for the type. */
export function shimNameOf(shim: string): string {
  const file = shim.replace(/^.*[/\\]/s, "");
  const [, name, version] = /^containerd-shim-(.+)-(v[^-]+?)(?:\.exe)?$/.exec(file) ?? [];
  return name === undefined || version === undefined ? shim : `io.containerd.${name}.${version}`;
}
