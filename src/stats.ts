/**
 * What containers use: counters of Linux control groups, versions 1 and 2, and of Windows.
 *
 * @module
 */

import type { Cgroup1Stats } from "./cgroup1-stats.ts";
import type { Cgroup2Stats } from "./cgroup2-stats.ts";
import type { WindowsStats } from "./windows-stats.ts";

export type {
  HugePageStats,
  NetworkInterfaceStats,
  PidsStats,
  RdmaDeviceStats,
  RdmaStats,
} from "./cgroup-stats.ts";
export type {
  Cgroup1BlockIoEntry,
  Cgroup1BlockIoStats,
  Cgroup1CpuStats,
  Cgroup1CpuThrottling,
  Cgroup1CpuUsage,
  Cgroup1MemoryCounters,
  Cgroup1MemoryEntry,
  Cgroup1MemoryStats,
  Cgroup1OomControl,
  Cgroup1Stats,
  Cgroup1TaskStats,
} from "./cgroup1-stats.ts";
export type {
  Cgroup2CpuStats,
  Cgroup2IoDeviceStats,
  Cgroup2IoStats,
  Cgroup2MemoryEvents,
  Cgroup2MemoryStats,
  Cgroup2Stats,
  PressureStats,
  PressureTimes,
} from "./cgroup2-stats.ts";
export type {
  VirtualMachineMemoryAssignment,
  VirtualMachineMemoryStats,
  VirtualMachineStats,
  WindowsMemoryStats,
  WindowsNetworkStats,
  WindowsProcessorStats,
  WindowsStats,
  WindowsStorageStats,
} from "./windows-stats.ts";

/** What a container uses. Counters only grow, unless their comment says otherwise. */
export type Stats = Cgroup1Stats | Cgroup2Stats | WindowsStats;
