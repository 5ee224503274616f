import type { TypedValue } from "./runtime.ts";

/** Options of the runc shim, message `containerd.runc.v1.Options`. All have the shim's default. */
export interface RuncOptions {
  /** Whether the root is moved instead of pivoted, needed on a RAM disk. Default: false. */
  readonly noPivotRoot?: boolean;
  /** Whether the container shares the caller's session keyring. Default: false. */
  readonly noNewKeyring?: boolean;
  /** Control group that the shim itself is moved to, by its path. Default: it stays. */
  readonly shimCgroup?: string;
  /** User id that owns the pipes of the container's streams, 0 to 4294967295. Default: 0. */
  readonly ioUid?: number;
  /** Group id that owns the pipes of the container's streams, 0 to 4294967295. Default: 0. */
  readonly ioGid?: number;
  /** Name or path of the OCI runtime's binary. Default: `runc`. */
  readonly binaryName?: string;
  /** Folder in which the OCI runtime keeps its state. Default: `/run/containerd/runc`. */
  readonly root?: string;
  /** Whether control groups are made through systemd. Default: false. */
  readonly systemdCgroup?: boolean;
  /** Folder for the images of checkpoints. */
  readonly criuImagePath?: string;
  /** Folder for logs and temporary files of checkpoints. */
  readonly criuWorkPath?: string;
  /**
   * Address of the task service, as `ttrpc+unix://` or `grpc+vsock://`.
   *
   * @deprecated Since containerd 2.0 it goes with the task, not with the shim's options.
   */
  readonly taskApiAddress?: string;
  /**
   * Version of the task service, 2 or 3.
   *
   * @deprecated Since containerd 2.0 it goes with the task, not with the shim's options.
   */
  readonly taskApiVersion?: number;
}

/** Options of the Windows shim, message `containerd.runhcs.v1.Options`. */
export interface RunhcsOptions {
  /** Whether the shim logs at level `debug`; {@linkcode logLevel} goes before it. Default: false. */
  readonly debug?: boolean;
  /** Where the log goes: named pipe, file or event tracing. Default: `npipe`. */
  readonly debugType?: "npipe" | "file" | "etw";
  /** Registry key under which state is kept. */
  readonly registryRoot?: string;
  /** Image of the sandbox, fitting {@linkcode sandboxPlatform}. */
  readonly sandboxImage?: string;
  /** Platform of all sandboxes: `windows/amd64` or `linux/amd64`. */
  readonly sandboxPlatform?: string;
  /** Isolation of the sandbox; a Linux one knows only `hypervisor`. Default: `process`. */
  readonly sandboxIsolation?: "process" | "hypervisor";
  /** Folder with the kernel and root file system for Linux containers on Windows. */
  readonly bootFilesRootPath?: string;
  /** Processors of the virtual machine. Default: 2, or 1 on a host with one. */
  readonly vmProcessorCount?: number;
  /** Memory of the virtual machine, in MiB. Default: 1024. */
  readonly vmMemorySizeMib?: number;
  /** Path of the virtual disk with graphics drivers, for containers that ask for a GPU. */
  readonly gpuVhdPath?: string;
  /** Whether processor limits are scaled to the processors of the virtual machine. Default: false. */
  readonly scaleCpuLimitsToSandbox?: boolean;
  /** Size of a container's scratch space, in GiB. Default: 20. */
  readonly defaultContainerScratchSizeGib?: number;
  /** Size of a Windows virtual machine's scratch space, in GiB. */
  readonly defaultVmScratchSizeGib?: number;
  /** Whether Linux containers of a sandbox share its scratch space. Default: false. */
  readonly shareScratch?: boolean;
  /** Address of the network configuration proxy. Default: the network is set up locally. */
  readonly ncProxyAddress?: string;
  /** Log level of the shim. */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "panic";
  /** How long a lost stream is reconnected, in seconds; 0 for ever. Default: 0. */
  readonly ioRetryTimeoutSeconds?: number;
  /** Annotations that every container gets. */
  readonly defaultContainerAnnotations?: Readonly<Record<string, string>>;
  /** Whether a Windows virtual machine keeps UTC instead of the host's time zone. Default: false. */
  readonly noInheritHostTimezone?: boolean;
  /** Whether environment variables and the like are removed from logs. Default: true. */
  readonly scrubLogs?: boolean;
}

/** Options of a shim that reads a file of its own, message `runtimeoptions.v1.Options`. */
export interface RuntimeConfigOptions {
  /** Type of what the file holds, for instance `io.containerd.runsc.v1.options`. */
  readonly typeUrl?: string;
  /** Path of the file on the runtime's host. */
  readonly configPath?: string;
  /** The file's content, used without {@linkcode configPath}; a string is sent as UTF-8. */
  readonly configBody?: Uint8Array | string;
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
 * The options of a shim: those of its name where the name is known, else the path or content of a
 * configuration file. An already encoded {@linkcode TypedValue} fits any shim.
 */
export type RuntimeOptions<Shim extends string> = Shim extends keyof RuntimeOptionsByShim
  ? RuntimeOptionsByShim[Shim] | TypedValue
  : RuntimeConfigOptions | TypedValue;
