/**
 * Specs of containers: describe them, check them, write and read them.
 *
 * - {@linkcode linuxSpec}, {@linkcode windowsSpec}: the spec of a container
 * - {@linkcode processSpec}, {@linkcode windowsProcessSpec}: a further process of a container
 * - {@linkcode linuxResources}, {@linkcode windowsResources}: limits, for an update
 * - {@linkcode validateSpec}: names the first field that is wrong
 * - {@linkcode encodeSpec}, {@linkcode decodeSpec}: JSON with exact 64-bit integers
 *
 * @module
 */

export { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from "./capabilities.ts";
export type { Capability } from "./capabilities.ts";
export { decodeJson, decodeSpec, encodeJson, encodeSpec } from "./encode.ts";
export type { Env } from "./env.ts";
export type { BindMount, LinuxMountOptions, MountPropagation, TmpfsMount } from "./linux-mounts.ts";
export type {
  LinuxNamespaceOptions,
  NamespaceOption,
  NetworkOption,
  UserNamespaceMappings,
} from "./linux-namespaces.ts";
export { linuxResources } from "./linux-resources-spec.ts";
export type { BlockThrottle, LinuxResourceOptions } from "./linux-resources-spec.ts";
export { linuxSpec } from "./linux-spec.ts";
export type { DeviceOptions, LinuxSpecOptions } from "./linux-spec.ts";
export { OCI_VERSION } from "./oci-version.ts";
export { processSpec } from "./process-spec.ts";
export type {
  CapabilityChanges,
  CapabilityOptions,
  LinuxProcessOptions,
  ProcessSpecOptions,
  RlimitOption,
  RlimitType,
} from "./process-spec.ts";
export type {
  ConsoleSize,
  CpuAffinity,
  Hook,
  Hooks,
  IdMapping,
  Integer,
  IoPriority,
  Linux,
  LinuxBlockIO,
  LinuxCapabilities,
  LinuxCpu,
  LinuxDevice,
  LinuxDeviceRule,
  LinuxHugepageLimit,
  LinuxIntelRdt,
  LinuxInterfacePriority,
  LinuxMemory,
  LinuxMemoryPolicy,
  LinuxNamespace,
  LinuxNamespaceType,
  LinuxNetDevice,
  LinuxNetwork,
  LinuxPersonality,
  LinuxPids,
  LinuxRdma,
  LinuxResources,
  LinuxSeccomp,
  LinuxThrottleDevice,
  LinuxTimeOffset,
  LinuxWeightDevice,
  Mount,
  Process,
  Rlimit,
  Root,
  Scheduler,
  SeccompAction,
  SeccompArg,
  SeccompOperator,
  SeccompSyscall,
  Spec,
  User,
  Windows,
  WindowsCpuGroupAffinity,
  WindowsCpuResources,
  WindowsDevice,
  WindowsHyperV,
  WindowsMemoryResources,
  WindowsNetwork,
  WindowsResources,
  WindowsStorageResources,
} from "./spec.ts";
export { validateProcess, validateResources, validateSpec } from "./validate.ts";
export type { ValidateOptions } from "./validate.ts";
export { windowsProcessSpec } from "./windows-process-spec.ts";
export type { WindowsProcessOptions, WindowsProcessSpecOptions } from "./windows-process-spec.ts";
export { windowsResources } from "./windows-resources-spec.ts";
export type { WindowsResourceOptions } from "./windows-resources-spec.ts";
export { windowsSpec } from "./windows-spec.ts";
export type {
  WindowsBindMount,
  WindowsNetworkOptions,
  WindowsSpecOptions,
} from "./windows-spec.ts";
