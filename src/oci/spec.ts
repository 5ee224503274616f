/**
 * The OCI runtime spec 1.3: what a container is made from. The names are those of its JSON; all
 * data is read-only. Members without a unit in their name are described with one.
 *
 * What is not known here is kept as it is: specs are extensible.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config.md
 * @module
 */

import type { IdMapping, Linux } from "./linux.ts";
import type { Process } from "./process.ts";
import type { Windows } from "./windows.ts";

export type { Integer } from "./integer.ts";
export type {
  IdMapping,
  Linux,
  LinuxDevice,
  LinuxIntelRdt,
  LinuxMemoryPolicy,
  LinuxNamespace,
  LinuxNamespaceType,
  LinuxNetDevice,
  LinuxPersonality,
  LinuxTimeOffset,
} from "./linux.ts";
export type {
  LinuxBlockIO,
  LinuxCpu,
  LinuxDeviceRule,
  LinuxHugepageLimit,
  LinuxInterfacePriority,
  LinuxMemory,
  LinuxNetwork,
  LinuxPids,
  LinuxRdma,
  LinuxResources,
  LinuxThrottleDevice,
  LinuxWeightDevice,
} from "./linux-resources.ts";
export type {
  ConsoleSize,
  CpuAffinity,
  IoPriority,
  LinuxCapabilities,
  Process,
  Rlimit,
  Scheduler,
  User,
} from "./process.ts";
export type {
  LinuxSeccomp,
  SeccompAction,
  SeccompArg,
  SeccompOperator,
  SeccompSyscall,
} from "./seccomp.ts";
export type {
  Windows,
  WindowsCpuGroupAffinity,
  WindowsCpuResources,
  WindowsDevice,
  WindowsHyperV,
  WindowsMemoryResources,
  WindowsNetwork,
  WindowsResources,
  WindowsStorageResources,
} from "./windows.ts";

/** An OCI runtime spec. */
export interface Spec {
  /** Version of the OCI runtime spec that it follows, for instance `1.3.0`. */
  readonly ociVersion: string;
  /** The first process. Required to start the container. */
  readonly process?: Process | undefined;
  /** The root file system. Not to be set for Hyper-V isolation. */
  readonly root?: Root | undefined;
  /** Host name inside the container. */
  readonly hostname?: string | undefined;
  /** NIS domain name inside the container. */
  readonly domainname?: string | undefined;
  /** What is mounted over the root file system, in order. */
  readonly mounts?: readonly Mount[] | undefined;
  /** Commands that the runtime runs at points of the container's life. */
  readonly hooks?: Hooks | undefined;
  /** Data for the runtime and for tools; keys are usually in reverse-domain form. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** What only Linux containers have. */
  readonly linux?: Linux | undefined;
  /** What only Windows containers, and Linux containers on Windows, have. */
  readonly windows?: Windows | undefined;
  /** What only containers in virtual machines have. Not checked. */
  readonly vm?: Readonly<Record<string, unknown>> | undefined;
  /** What only FreeBSD containers have. Not checked. */
  readonly freebsd?: Readonly<Record<string, unknown>> | undefined;
  /** What only Solaris containers have. Not checked. */
  readonly solaris?: Readonly<Record<string, unknown>> | undefined;
  /** What only z/OS containers have. Not checked. */
  readonly zos?: Readonly<Record<string, unknown>> | undefined;
}

/** The root file system of a container. */
export interface Root {
  /**
   * Its path on the runtime's host; a relative one starts at the bundle. On Windows it is a volume
   * GUID path, or `""` where the runtime fills it in.
   */
  readonly path: string;
  /** Whether it is read-only. Default: false. */
  readonly readonly?: boolean | undefined;
}

/** Something that is mounted into a container. */
export interface Mount {
  /** Where it appears in the container, an absolute path. */
  readonly destination: string;
  /** Type of the file system, for instance `tmpfs`, or `bind`. */
  readonly type?: string | undefined;
  /** A device, a name, or for a bind mount a path on the runtime's host. */
  readonly source?: string | undefined;
  /** Options in the style of fstab. */
  readonly options?: readonly string[] | undefined;
  /** Maps user ids for this mount alone. */
  readonly uidMappings?: readonly IdMapping[] | undefined;
  /** Maps group ids for this mount alone. */
  readonly gidMappings?: readonly IdMapping[] | undefined;
}

/** A command that the runtime runs at a point of a container's life. */
export interface Hook {
  /** Absolute path of the executable. */
  readonly path: string;
  /** Its arguments; the first one is its name, as for `execv`. */
  readonly args?: readonly string[] | undefined;
  /** Its environment, `NAME=value` each. */
  readonly env?: readonly string[] | undefined;
  /** Seconds until it is aborted, at least 1. Default: no limit. */
  readonly timeout?: number | undefined;
}

/** The hooks of a container, each list in order. */
export interface Hooks {
  /** Runs as `createRuntime`. Deprecated by the OCI spec in favour of it. */
  readonly prestart?: readonly Hook[] | undefined;
  /** Runs in the runtime's namespace, after the namespaces were made, before the root is changed. */
  readonly createRuntime?: readonly Hook[] | undefined;
  /** Runs in the container's namespace, after the namespaces were made, before the root is changed. */
  readonly createContainer?: readonly Hook[] | undefined;
  /** Runs in the container's namespace, on start, before the process does. */
  readonly startContainer?: readonly Hook[] | undefined;
  /** Runs in the runtime's namespace, after the process was started. */
  readonly poststart?: readonly Hook[] | undefined;
  /** Runs in the runtime's namespace, after the container was deleted. */
  readonly poststop?: readonly Hook[] | undefined;
}
