/**
 * Builds OCI runtime specs for Linux and Windows, with the defaults of containerd.
 *
 * @example
 * ```ts
 * import { linuxSpec } from "libcontainerd/spec";
 *
 * const spec = linuxSpec({ args: ["sleep", "60"], rootfs: "/srv/rootfs", readonlyRootfs: true });
 * ```
 *
 * @module
 */

export { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from "./oci/capabilities.ts";
export type { Capability } from "./oci/capabilities.ts";
export type { Env } from "./oci/env.ts";
export type { Integer } from "./oci/integer.ts";
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
} from "./oci/linux.ts";
export type {
  BindMount,
  LinuxMountOptions,
  MountPropagation,
  TmpfsMount,
} from "./oci/linux-mounts.ts";
export type {
  LinuxNamespaceOptions,
  NamespaceOption,
  NetworkOption,
  UserNamespaceMappings,
} from "./oci/linux-namespaces.ts";
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
} from "./oci/linux-resources.ts";
export { linuxResources } from "./oci/linux-resources-spec.ts";
export type { BlockThrottle, LinuxResourceOptions } from "./oci/linux-resources-spec.ts";
export { linuxSpec } from "./oci/linux-spec.ts";
export type { DeviceOptions, LinuxSpecOptions } from "./oci/linux-spec.ts";
export { OCI_VERSION } from "./oci/oci-version.ts";
export type {
  ConsoleSize,
  CpuAffinity,
  IoPriority,
  LinuxCapabilities,
  Process,
  Rlimit,
  Scheduler,
  User,
} from "./oci/process.ts";
export { processSpec } from "./oci/process-spec.ts";
export type {
  CapabilityChanges,
  CapabilityOptions,
  LinuxProcessOptions,
  ProcessSpecOptions,
  RlimitOption,
  RlimitType,
} from "./oci/process-spec.ts";
export type {
  LinuxSeccomp,
  SeccompAction,
  SeccompArg,
  SeccompOperator,
  SeccompSyscall,
} from "./oci/seccomp.ts";
export type { Hook, Hooks, Mount, Root, Spec } from "./oci/spec.ts";
export { validateProcess, validateResources, validateSpec } from "./oci/validate.ts";
export type { ValidateOptions } from "./oci/validate.ts";
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
} from "./oci/windows.ts";
export { windowsProcessSpec } from "./oci/windows-process-spec.ts";
export type {
  WindowsProcessOptions,
  WindowsProcessSpecOptions,
} from "./oci/windows-process-spec.ts";
export { windowsResources } from "./oci/windows-resources-spec.ts";
export type { WindowsResourceOptions } from "./oci/windows-resources-spec.ts";
export { windowsSpec } from "./oci/windows-spec.ts";
export type {
  WindowsBindMount,
  WindowsNetworkOptions,
  WindowsSpecOptions,
} from "./oci/windows-spec.ts";
