import type { HugePageStats, NetworkInterfaceStats, PidsStats, RdmaStats } from "./cgroup-stats.ts";
import type { VirtualMachineStats } from "./windows-stats.ts";

/**
 * What a Linux container uses, by control groups v1. A section is missing where its controller is.
 */
export interface Cgroup1Stats {
  /** Discriminates the union. */
  readonly kind: "cgroup1";
  /** When it was read, by the clock of the runtime's host. */
  readonly readAt: Date;
  /** Huge pages, one entry a page size. */
  readonly hugePages: readonly HugePageStats[];
  /** Number of processes. */
  readonly pids?: PidsStats;
  /** Processor time. */
  readonly cpu?: Cgroup1CpuStats;
  /** Memory. */
  readonly memory?: Cgroup1MemoryStats;
  /** Block devices. */
  readonly blockIo?: Cgroup1BlockIoStats;
  /** RDMA devices. */
  readonly rdma?: RdmaStats;
  /** Network, one entry an interface; empty where the runtime does not enter the namespace. */
  readonly network: readonly NetworkInterfaceStats[];
  /** Tasks by state. */
  readonly tasks?: Cgroup1TaskStats;
  /** What the kernel does when memory runs out. */
  readonly memoryOomControl?: Cgroup1OomControl;
  /** The virtual machine around the container, for Linux containers on Windows. */
  readonly virtualMachine?: VirtualMachineStats;
}

/** Processor time by control group v1. */
export interface Cgroup1CpuStats {
  /** Time used. */
  readonly usage?: Cgroup1CpuUsage;
  /** How the quota held it back. */
  readonly throttling?: Cgroup1CpuThrottling;
}

/** Processor time used, in nanoseconds. */
export interface Cgroup1CpuUsage {
  /** Total time, in nanoseconds. */
  readonly totalNs: bigint;
  /** Time in kernel mode, in nanoseconds. */
  readonly kernelNs: bigint;
  /** Time in user mode, in nanoseconds. */
  readonly userNs: bigint;
  /** Total time on each processor, in nanoseconds. */
  readonly perCpuNs: readonly bigint[];
}

/** How the processor quota held the container back. */
export interface Cgroup1CpuThrottling {
  /** Enforcement periods that have passed. */
  readonly periods: bigint;
  /** Periods in which the quota ran out. */
  readonly throttledPeriods: bigint;
  /** Total time the container was held back, in nanoseconds. */
  readonly throttledNs: bigint;
}

/** Memory counters of one group, or of a group and everything below it. */
export interface Cgroup1MemoryCounters {
  /** Page cache, in bytes. */
  readonly cacheBytes: bigint;
  /** Anonymous memory and swap cache, in bytes. */
  readonly rssBytes: bigint;
  /** Anonymous memory in transparent huge pages, in bytes. */
  readonly rssHugeBytes: bigint;
  /** Mapped files, in bytes. */
  readonly mappedFileBytes: bigint;
  /** File pages that wait to be written, in bytes. */
  readonly dirtyBytes: bigint;
  /** File pages that are being written, in bytes. */
  readonly writebackBytes: bigint;
  /** Pages that were charged to the group. */
  readonly pagesIn: bigint;
  /** Pages that were uncharged from the group. */
  readonly pagesOut: bigint;
  /** Page faults. */
  readonly pageFaults: bigint;
  /** Page faults that had to read from storage. */
  readonly majorPageFaults: bigint;
  /** Anonymous memory on the inactive list, in bytes. */
  readonly inactiveAnonBytes: bigint;
  /** Anonymous memory on the active list, in bytes. */
  readonly activeAnonBytes: bigint;
  /** File pages on the inactive list, in bytes. */
  readonly inactiveFileBytes: bigint;
  /** File pages on the active list, in bytes. */
  readonly activeFileBytes: bigint;
  /** Memory that cannot be reclaimed, in bytes. */
  readonly unevictableBytes: bigint;
}

/** Memory by control group v1: the counters of the group itself, and its limits. */
export interface Cgroup1MemoryStats extends Cgroup1MemoryCounters {
  /** The lowest memory limit on the way to the root, in bytes. */
  readonly hierarchicalLimitBytes: bigint;
  /** The lowest limit of memory and swap on the way to the root, in bytes. */
  readonly hierarchicalSwapLimitBytes: bigint;
  /** The counters of the group and everything below it. */
  readonly total: Cgroup1MemoryCounters;
  /** User memory. */
  readonly usage?: Cgroup1MemoryEntry;
  /** Memory and swap together. */
  readonly swap?: Cgroup1MemoryEntry;
  /** Kernel memory. */
  readonly kernel?: Cgroup1MemoryEntry;
  /** Kernel memory of TCP buffers. */
  readonly kernelTcp?: Cgroup1MemoryEntry;
}

/** One kind of memory by control group v1. */
export interface Cgroup1MemoryEntry {
  /** The limit, in bytes; near 2^63 where there is none. */
  readonly limitBytes: bigint;
  /** In use, in bytes. */
  readonly usageBytes: bigint;
  /** The highest use so far, in bytes. */
  readonly maxUsageBytes: bigint;
  /** How often the limit was hit. */
  readonly failures: bigint;
}

/** What the kernel does when memory runs out. */
export interface Cgroup1OomControl {
  /** 1 if processes wait for memory instead of being killed. */
  readonly oomKillDisable: bigint;
  /** 1 if the group is out of memory now. */
  readonly underOom: bigint;
  /** Processes killed so far. */
  readonly oomKill: bigint;
}

/** Block devices by control group v1; each list includes the groups below. */
export interface Cgroup1BlockIoStats {
  /** Bytes moved. */
  readonly serviceBytes: readonly Cgroup1BlockIoEntry[];
  /** Operations done. */
  readonly serviced: readonly Cgroup1BlockIoEntry[];
  /** Operations that wait now. */
  readonly queued: readonly Cgroup1BlockIoEntry[];
  /** Time from dispatch to completion, in nanoseconds. */
  readonly serviceTimeNs: readonly Cgroup1BlockIoEntry[];
  /** Time in the scheduler's queues, in nanoseconds. */
  readonly waitTimeNs: readonly Cgroup1BlockIoEntry[];
  /** Requests that were merged into others. */
  readonly merged: readonly Cgroup1BlockIoEntry[];
  /** Time the device was given to the group, in milliseconds. */
  readonly deviceTimeMs: readonly Cgroup1BlockIoEntry[];
  /** Sectors moved, of 512 bytes each. */
  readonly sectors: readonly Cgroup1BlockIoEntry[];
}

/** One number about one block device; its unit is that of the list it is in. */
export interface Cgroup1BlockIoEntry {
  /** Kind of operation: `Read`, `Write`, `Sync`, `Async`, `Discard` or `Total`; may be empty. */
  readonly operation: string;
  /** Path of the device, for instance `/dev/sda`; may be empty. */
  readonly device: string;
  /** Major number of the device. */
  readonly major: bigint;
  /** Minor number of the device. */
  readonly minor: bigint;
  /** The number. */
  readonly value: bigint;
}

/** Tasks of a group by state. */
export interface Cgroup1TaskStats {
  /** Tasks that sleep. */
  readonly sleeping: bigint;
  /** Tasks that run. */
  readonly running: bigint;
  /** Tasks that are stopped. */
  readonly stopped: bigint;
  /** Tasks in uninterruptible sleep. */
  readonly uninterruptible: bigint;
  /** Tasks that wait for storage. */
  readonly ioWait: bigint;
}
