import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  list,
  MAX_UINT16,
  name,
  oneOf,
  path,
  refuse,
  text,
  uint64,
} from "./check.ts";
import { defined, section } from "./defined.ts";
import { type Env, envOption, mergeEnv } from "./env.ts";
import { OCI_VERSION } from "./oci-version.ts";
import { likeProcess } from "./process-spec.ts";
import type {
  Integer,
  Mount,
  Process,
  Spec,
  WindowsCpuGroupAffinity,
  WindowsDevice,
  WindowsResources,
} from "./spec.ts";
import { annotations, mounts, validateSpec } from "./validate.ts";
import { args } from "./validate-process.ts";

/** What a Windows process is described by: `args` or `commandLine`, and not both. */
export interface WindowsProcessOptions {
  /** The executable and its arguments; the runtime quotes them. */
  readonly args?: readonly string[] | undefined;
  /** The whole command line, as it is. */
  readonly commandLine?: string | undefined;
  /** Environment variables beside those of the image. Default: none. */
  readonly env?: Env | undefined;
  /** Working directory, an absolute path in the container. Default: `C:\`. */
  readonly cwd?: string | undefined;
  /** Whether the process has a terminal. Default: false. */
  readonly terminal?: boolean | undefined;
  /** Size of the terminal at the start, in character cells, each 1 to 65535. */
  readonly consoleSize?: { readonly columns: number; readonly rows: number } | undefined;
  /** Name of the user, for instance `ContainerAdministrator`. Default: as the runtime. */
  readonly username?: string | undefined;
}

/** What {@linkcode windowsProcessSpec} takes. */
export interface WindowsProcessSpecOptions extends WindowsProcessOptions {
  /**
   * The spec of a container, or of a process, whose process this one is like: everything but its
   * arguments and terminal is taken from there where it is not given.
   */
  readonly like?: Spec | Process | undefined;
}

/** The limits of a Windows container; what is left out is not limited. */
export interface WindowsResourceOptions {
  /** Memory, in bytes. */
  readonly memoryLimitBytes?: Integer | undefined;
  /** Number of processors. Not with `cpuShares` or `cpuMaximumPercent`. */
  readonly cpuCount?: number | undefined;
  /** Weight of processor time among others, 1 to 10000. Not with `cpuMaximumPercent`. */
  readonly cpuShares?: number | undefined;
  /** Share of all processors, in percent, 0.01 to 100. */
  readonly cpuMaximumPercent?: number | undefined;
  /** Processors that may be used. */
  readonly cpuAffinity?: readonly WindowsCpuGroupAffinity[] | undefined;
  /** Operations of the system drive a second. */
  readonly storageOperationsPerSecond?: Integer | undefined;
  /** Bytes of the system drive a second. */
  readonly storageBytesPerSecond?: Integer | undefined;
  /** Smallest size of the system drive, in bytes. */
  readonly sandboxSizeBytes?: Integer | undefined;
}

/** A folder, file or named pipe of the host in a Windows container. */
export interface WindowsBindMount {
  /** Absolute path on the runtime's host, or `\\.\pipe\name`. */
  readonly source: string;
  /** Absolute path in the container, or `\\.\pipe\name`. */
  readonly destination: string;
  /** Whether it is read-only. Default: false. */
  readonly readonly?: boolean | undefined;
}

/** The network of a Windows container. */
export interface WindowsNetworkOptions {
  /** Id of its network namespace. */
  readonly namespace?: string | undefined;
  /** HNS endpoints that it is connected to. */
  readonly endpoints?: readonly string[] | undefined;
  /** Suffixes that are tried for names. */
  readonly dnsSearch?: readonly string[] | undefined;
  /** Whether names without a dot are asked of DNS. Default: false. */
  readonly allowUnqualifiedDnsQuery?: boolean | undefined;
  /** Id of the container whose network it shares. */
  readonly sharedContainerId?: string | undefined;
}

/** What {@linkcode windowsSpec} takes. */
export interface WindowsSpecOptions extends WindowsProcessOptions {
  /** By the kernel, or by a virtual machine of its own. Default: `"process"`. */
  readonly isolation?: "process" | "hyperv" | undefined;
  /** Hyper-V: path of the image of the utility VM. Default: the runtime finds it in the layers. */
  readonly utilityVmPath?: string | undefined;
  /**
   * Root file system, a volume GUID path; not with Hyper-V. Default: empty, for a runtime that
   * mounts the layers itself.
   */
  readonly rootfs?: string | undefined;
  /**
   * Absolute paths of the image's layer folders; the writable one comes last. Default: none, for
   * a runtime that fills them in from a snapshot.
   */
  readonly layerFolders?: readonly string[] | undefined;
  /** Host name in the container. Default: as the runtime. */
  readonly hostname?: string | undefined;
  /** Mounts as they are in the spec. */
  readonly mounts?: readonly Mount[] | undefined;
  /** Folders, files and named pipes of the host. */
  readonly binds?: readonly WindowsBindMount[] | undefined;
  /** Network. Default: none. */
  readonly network?: WindowsNetworkOptions | undefined;
  /** Limits. Default: none. */
  readonly resources?: WindowsResourceOptions | undefined;
  /** Devices of the host that are mapped into the container; not with Hyper-V. */
  readonly devices?: readonly WindowsDevice[] | undefined;
  /** JSON text of the credential spec of a group managed service account. */
  readonly credentialSpec?: string | undefined;
  /** Whether writes to disk need not be flushed while it boots: for a first start. Default: false. */
  readonly ignoreFlushesDuringBoot?: boolean | undefined;
  /** Data for the runtime and for tools. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const cells: Check = integer(1, MAX_UINT16);
const processChecks: Readonly<Record<string, Check>> = {
  args,
  commandLine: name,
  env: envOption,
  cwd: path,
  terminal: boolean,
  consoleSize: fields({}, { columns: cells, rows: cells }),
  username: text,
};
const oneCommand: Check = (value, at) => {
  const { args, commandLine } = value as WindowsProcessOptions;
  if (args && commandLine) refuse(`${at}.commandLine`, "args is given, too");
  if (!args && !commandLine) refuse(`${at}.args`, "missing");
};
const processOptions: Check = every(fields({ ...processChecks, like: fields({}) }), oneCommand);

const resourceOptions: Check = every(
  fields({
    memoryLimitBytes: uint64,
    cpuCount: integer(1, MAX_UINT16),
    cpuShares: integer(1, 10_000),
    cpuMaximumPercent: (value, at) => {
      // Written so that NaN and other types are refused, too.
      if (!((value as number) >= 0.01 && (value as number) <= 100)) {
        refuse(at, "not within 0.01 to 100");
      }
    },
    cpuAffinity: list(fields({})),
    storageOperationsPerSecond: uint64,
    storageBytesPerSecond: uint64,
    sandboxSizeBytes: uint64,
  }),
  (value, at) => {
    const limits = value as Record<string, unknown>;
    const [, second] = ["cpuCount", "cpuShares", "cpuMaximumPercent"].filter((field) =>
      limits[field] !== undefined
    );
    if (second) {
      refuse(
        `${at}.${second}`,
        "one of cpuCount, cpuShares and cpuMaximumPercent excludes the others",
      );
    }
  },
);

const specOptions: Check = every(
  fields({
    ...processChecks,
    isolation: oneOf("process", "hyperv"),
    utilityVmPath: path,
    rootfs: text,
    layerFolders: list(path),
    hostname: text,
    mounts,
    binds: list(fields({ readonly: boolean }, { source: path, destination: path })),
    network: fields({
      namespace: name,
      endpoints: list(name),
      dnsSearch: list(name),
      allowUnqualifiedDnsQuery: boolean,
      sharedContainerId: name,
    }),
    resources: resourceOptions,
    devices: list(fields({}, { id: name, idType: name })),
    credentialSpec: name,
    ignoreFlushesDuringBoot: boolean,
    annotations,
  }),
  oneCommand,
  (value, at) => {
    const options = value as WindowsSpecOptions;
    const hyperv = options.isolation === "hyperv";
    if (!hyperv && options.utilityVmPath) refuse(`${at}.utilityVmPath`, "takes Hyper-V isolation");
    for (const field of ["rootfs", "devices"] as const) {
      if (hyperv && options[field]?.length) refuse(`${at}.${field}`, "not with Hyper-V isolation");
    }
  },
);

/**
 * Describes a further process of a Windows container, or the first one.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.cwd`.
 */
export function windowsProcessSpec(options: WindowsProcessSpecOptions): Process {
  processOptions(options, "options");
  return buildProcess(options, likeProcess(options.like));
}

/**
 * Describes limits of a Windows container, for its spec or for an update.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.cpuShares`.
 */
export function windowsResources(options: WindowsResourceOptions): WindowsResources {
  resourceOptions(options, "options");
  const { cpuMaximumPercent } = options;
  return defined<WindowsResources>({
    memory: section({ limit: options.memoryLimitBytes }),
    cpu: section({
      count: options.cpuCount,
      shares: options.cpuShares,
      maximum: cpuMaximumPercent === undefined ? undefined : Math.round(cpuMaximumPercent * 100),
      affinity: options.cpuAffinity,
    }),
    storage: section({
      iops: options.storageOperationsPerSecond,
      bps: options.storageBytesPerSecond,
      sandboxSize: options.sandboxSizeBytes,
    }),
  });
}

/**
 * Describes a Windows container. Give `args` or `commandLine`.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.args`.
 * @see containerd pkg/oci/spec.go `populateDefaultWindowsSpec`
 * @example
 * ```ts
 * const spec = windowsSpec({ commandLine: "cmd /c dir", isolation: "hyperv" });
 * ```
 */
export function windowsSpec(options: WindowsSpecOptions): Spec {
  specOptions(options, "options");
  const { isolation, network, resources, binds = [] } = options;
  const hyperv = isolation === "hyperv";
  const allMounts = [...options.mounts ?? [], ...binds.map(bindMount)];
  const spec = defined<Spec>({
    ociVersion: OCI_VERSION,
    process: buildProcess(options),
    root: hyperv ? undefined : { path: options.rootfs ?? "" },
    hostname: options.hostname,
    mounts: allMounts.length > 0 ? allMounts : undefined,
    annotations: options.annotations,
    windows: defined({
      layerFolders: options.layerFolders,
      devices: options.devices,
      resources: resources && windowsResources(resources),
      credentialSpec: options.credentialSpec,
      ignoreFlushesDuringBoot: options.ignoreFlushesDuringBoot,
      hyperv: hyperv ? defined({ utilityVMPath: options.utilityVmPath }) : undefined,
      network: network && defined({
        networkNamespace: network.namespace,
        endpointList: network.endpoints,
        DNSSearchList: network.dnsSearch,
        allowUnqualifiedDNSQuery: network.allowUnqualifiedDnsQuery,
        networkSharedContainerName: network.sharedContainerId,
      }),
    }),
  });
  validateSpec(spec);
  return spec;
}

function buildProcess(options: WindowsProcessOptions, base?: Process): Process {
  const { args, commandLine, terminal, consoleSize, username } = options;
  const env = mergeEnv(base?.env ?? [], options.env);
  return defined<Process>({
    ...base,
    args,
    commandLine,
    terminal,
    cwd: options.cwd ?? base?.cwd ?? "C:\\",
    consoleSize: consoleSize && { height: consoleSize.rows, width: consoleSize.columns },
    user: username === undefined ? base?.user : { username },
    env: env.length > 0 ? env : undefined,
  });
}

function bindMount({ source, destination, readonly }: WindowsBindMount): Mount {
  return { source, destination, options: [readonly ? "ro" : "rw"] };
}
