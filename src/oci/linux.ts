import type { Integer } from "./integer.ts";
import type { LinuxResources } from "./linux-resources.ts";
import type { LinuxSeccomp } from "./seccomp.ts";

/** What only Linux containers have. */
export interface Linux {
  /** Maps user ids of a user namespace. */
  readonly uidMappings?: readonly IdMapping[] | undefined;
  /** Maps group ids of a user namespace. */
  readonly gidMappings?: readonly IdMapping[] | undefined;
  /** Kernel parameters of the container's namespaces. */
  readonly sysctl?: Readonly<Record<string, string>> | undefined;
  /** Its limits. */
  readonly resources?: LinuxResources | undefined;
  /** Its cgroup: a path, or `slice:prefix:name` for systemd. Default: the runtime picks. */
  readonly cgroupsPath?: string | undefined;
  /** Its own or joined namespaces, each type at most once; what is left out is the host's. */
  readonly namespaces?: readonly LinuxNamespace[] | undefined;
  /** Device nodes that are made beside the default ones. */
  readonly devices?: readonly LinuxDevice[] | undefined;
  /** Network devices of the host that are moved into the container, by their name on the host. */
  readonly netDevices?: Readonly<Record<string, LinuxNetDevice>> | undefined;
  /** Its filter of system calls. */
  readonly seccomp?: LinuxSeccomp | undefined;
  /** How mounts under its root propagate, for instance `private` or `rslave`. */
  readonly rootfsPropagation?: string | undefined;
  /** Paths that are hidden. */
  readonly maskedPaths?: readonly string[] | undefined;
  /** Paths that are read-only. */
  readonly readonlyPaths?: readonly string[] | undefined;
  /** SELinux label of its mounts. */
  readonly mountLabel?: string | undefined;
  /** Its share of caches and memory bandwidth. */
  readonly intelRdt?: LinuxIntelRdt | undefined;
  /** Which NUMA nodes its memory comes from. */
  readonly memoryPolicy?: LinuxMemoryPolicy | undefined;
  /** The execution domain. */
  readonly personality?: LinuxPersonality | undefined;
  /** Offsets of the clocks of a time namespace. */
  readonly timeOffsets?: {
    /** Offset of `CLOCK_BOOTTIME`. */
    readonly boottime?: LinuxTimeOffset | undefined;
    /** Offset of `CLOCK_MONOTONIC`. */
    readonly monotonic?: LinuxTimeOffset | undefined;
  } | undefined;
}

/** Maps a range of ids. */
export interface IdMapping {
  /** First id in the container. */
  readonly containerID: number;
  /** First id on the host. */
  readonly hostID: number;
  /** How many. */
  readonly size: number;
}

/** The kinds of namespaces. */
export type LinuxNamespaceType =
  | "pid"
  | "network"
  | "mount"
  | "ipc"
  | "uts"
  | "user"
  | "cgroup"
  | "time";

/** A namespace that a container makes or joins. */
export interface LinuxNamespace {
  /** Its kind. */
  readonly type: LinuxNamespaceType;
  /** Absolute path of the namespace to join. Default: a new one is made. */
  readonly path?: string | undefined;
}

/** A device node that is made in a container. */
export interface LinuxDevice {
  /** Its absolute path in the container. */
  readonly path: string;
  /** Block device, character device (`c` or `u`) or FIFO. */
  readonly type: "b" | "c" | "u" | "p";
  /** Its major number; none for a FIFO. */
  readonly major?: number | undefined;
  /** Its minor number; none for a FIFO. */
  readonly minor?: number | undefined;
  /** Its mode. */
  readonly fileMode?: number | undefined;
  /** Its owner, as an id in the container. */
  readonly uid?: number | undefined;
  /** Its group, as an id in the container. */
  readonly gid?: number | undefined;
}

/** A network device that is moved into a container. */
export interface LinuxNetDevice {
  /** Its name in the container. Default: its name on the host. */
  readonly name?: string | undefined;
}

/** Intel Resource Director Technology. */
export interface LinuxIntelRdt {
  /** Class of service. */
  readonly closID?: string | undefined;
  /** Lines of the schemata file, as they are. */
  readonly schemata?: readonly string[] | undefined;
  /** Share of the L3 cache: `L3:0=f;1=f0`. */
  readonly l3CacheSchema?: string | undefined;
  /** Share of the memory bandwidth: `MB:0=20;1=70`. */
  readonly memBwSchema?: string | undefined;
  /** Whether the container gets a monitoring group of its own. */
  readonly enableMonitoring?: boolean | undefined;
  /** Whether cache misses are counted (OCI 1.1 and 1.2). */
  readonly enableCMT?: boolean | undefined;
  /** Whether memory bandwidth is measured (OCI 1.1 and 1.2). */
  readonly enableMBM?: boolean | undefined;
}

/** The arguments of `set_mempolicy(2)`. */
export interface LinuxMemoryPolicy {
  /** The mode, for instance `MPOL_BIND`. */
  readonly mode: string;
  /** The NUMA nodes, as a list such as `0-1,3`. */
  readonly nodes: string;
  /** Flags, for instance `MPOL_F_STATIC_NODES`. */
  readonly flags?: readonly string[] | undefined;
}

/** The argument of `personality(2)`. */
export interface LinuxPersonality {
  /** The execution domain. */
  readonly domain: "LINUX" | "LINUX32";
  /** Flags; none are defined. */
  readonly flags?: readonly string[] | undefined;
}

/** How far a clock of a container is ahead of the host's. */
export interface LinuxTimeOffset {
  /** Seconds. */
  readonly secs?: Integer | undefined;
  /** Nanoseconds on top. */
  readonly nanosecs?: number | undefined;
}
