import type { HugePageStats, NetworkInterfaceStats, PidsStats, RdmaStats } from "./cgroup-stats.ts";

/**
 * What a Linux container uses, by control groups v2. A section is missing where the runtime did
 * not send it.
 */
export interface Cgroup2Stats {
  /** Discriminates the union. */
  readonly kind: "cgroup2";
  /** When it was read, by the clock of the runtime's host. */
  readonly readAt: Date;
  /** Number of processes. */
  readonly pids?: PidsStats;
  /** Processor time. */
  readonly cpu?: Cgroup2CpuStats;
  /** Memory. */
  readonly memory?: Cgroup2MemoryStats;
  /** How often memory limits were met. */
  readonly memoryEvents?: Cgroup2MemoryEvents;
  /** RDMA devices. */
  readonly rdma?: RdmaStats;
  /** Block devices. */
  readonly io?: Cgroup2IoStats;
  /** Huge pages, one entry a page size. */
  readonly hugePages: readonly HugePageStats[];
  /** Network, one entry an interface; empty where the runtime does not enter the namespace. */
  readonly network: readonly NetworkInterfaceStats[];
}

/** How long tasks waited for a resource. */
export interface PressureStats {
  /** Time in which at least one task waited. */
  readonly some?: PressureTimes;
  /** Time in which all tasks waited. */
  readonly full?: PressureTimes;
}

/** Time in which tasks waited for a resource. */
export interface PressureTimes {
  /** Share of the last 10 seconds, in percent. */
  readonly last10sPercent: number;
  /** Share of the last 60 seconds, in percent. */
  readonly last60sPercent: number;
  /** Share of the last 300 seconds, in percent. */
  readonly last300sPercent: number;
  /** Total time, in microseconds. */
  readonly totalUs: bigint;
}

/** Processor time by control group v2. */
export interface Cgroup2CpuStats {
  /** Total time, in microseconds. */
  readonly usageUs: bigint;
  /** Time in user mode, in microseconds. */
  readonly userUs: bigint;
  /** Time in kernel mode, in microseconds. */
  readonly systemUs: bigint;
  /** Enforcement periods that have passed. */
  readonly periods: bigint;
  /** Periods in which the quota ran out. */
  readonly throttledPeriods: bigint;
  /** Total time the container was held back, in microseconds. */
  readonly throttledUs: bigint;
  /** Periods in which more than the quota was used. */
  readonly bursts: bigint;
  /** Total time used above the quota, in microseconds. */
  readonly burstUs: bigint;
  /** Waiting for a processor. */
  readonly pressure?: PressureStats;
}

/** Memory by control group v2. */
export interface Cgroup2MemoryStats {
  /** Anonymous memory, in bytes. */
  readonly anonBytes: bigint;
  /** Page cache, with tmpfs and shared memory, in bytes. */
  readonly fileBytes: bigint;
  /** Kernel stacks, in bytes. */
  readonly kernelStackBytes: bigint;
  /** Kernel data structures, in bytes. */
  readonly slabBytes: bigint;
  /** Network buffers, in bytes. */
  readonly socketBytes: bigint;
  /** Cached data that swap backs, such as tmpfs, in bytes. */
  readonly sharedMemoryBytes: bigint;
  /** Mapped files, in bytes. */
  readonly fileMappedBytes: bigint;
  /** File pages that were changed and not yet written, in bytes. */
  readonly fileDirtyBytes: bigint;
  /** File pages that are being written, in bytes. */
  readonly fileWritebackBytes: bigint;
  /** Anonymous memory in transparent huge pages, in bytes. */
  readonly anonHugeBytes: bigint;
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
  /** Kernel data that can be reclaimed, in bytes. */
  readonly slabReclaimableBytes: bigint;
  /** Kernel data that cannot be reclaimed, in bytes. */
  readonly slabUnreclaimableBytes: bigint;
  /** Page faults. */
  readonly pageFaults: bigint;
  /** Page faults that had to read from storage. */
  readonly majorPageFaults: bigint;
  /** Pages that were evicted and came back. */
  readonly workingSetRefaults: bigint;
  /** Pages that came back and were made active at once. */
  readonly workingSetActivations: bigint;
  /** How often a shadow node was reclaimed. */
  readonly workingSetNodeReclaims: bigint;
  /** Pages scanned on the active list. */
  readonly pagesRefilled: bigint;
  /** Pages scanned for reclaim. */
  readonly pagesScanned: bigint;
  /** Pages reclaimed. */
  readonly pagesReclaimed: bigint;
  /** Pages moved to the active list. */
  readonly pagesActivated: bigint;
  /** Pages moved to the inactive list. */
  readonly pagesDeactivated: bigint;
  /** Pages put off to be freed under pressure. */
  readonly pagesLazyFree: bigint;
  /** Put-off pages that were freed. */
  readonly pagesLazyFreed: bigint;
  /** Transparent huge pages made by a page fault. */
  readonly hugePageFaultAllocations: bigint;
  /** Transparent huge pages made by joining small ones. */
  readonly hugePageCollapseAllocations: bigint;
  /** In use, in bytes. */
  readonly usageBytes: bigint;
  /** The limit, in bytes; 18446744073709551615 where there is none. */
  readonly limitBytes: bigint;
  /** Swap in use, in bytes. */
  readonly swapUsageBytes: bigint;
  /** The limit of swap, in bytes; 18446744073709551615 where there is none. */
  readonly swapLimitBytes: bigint;
  /** The highest use so far, in bytes; 0 where the kernel does not tell. */
  readonly maxUsageBytes: bigint;
  /** The highest use of swap so far, in bytes; 0 where the kernel does not tell. */
  readonly swapMaxUsageBytes: bigint;
  /** Waiting for memory. */
  readonly pressure?: PressureStats;
}

/** How often memory limits were met. */
export interface Cgroup2MemoryEvents {
  /** Reclaimed although under the low boundary. */
  readonly low: bigint;
  /** Held back at the high boundary. */
  readonly high: bigint;
  /** About to go over the limit. */
  readonly max: bigint;
  /** Limit reached, and an allocation about to fail. */
  readonly oom: bigint;
  /** Processes killed for want of memory. */
  readonly oomKill: bigint;
  /** Times the whole group was killed for want of memory. */
  readonly oomGroupKill: bigint;
}

/** Block devices by control group v2. */
export interface Cgroup2IoStats {
  /** One entry a device. */
  readonly devices: readonly Cgroup2IoDeviceStats[];
  /** Waiting for storage. */
  readonly pressure?: PressureStats;
}

/** One block device. */
export interface Cgroup2IoDeviceStats {
  /** Major number of the device. */
  readonly major: bigint;
  /** Minor number of the device. */
  readonly minor: bigint;
  /** Bytes read. */
  readonly readBytes: bigint;
  /** Bytes written. */
  readonly writtenBytes: bigint;
  /** Read operations. */
  readonly reads: bigint;
  /** Write operations. */
  readonly writes: bigint;
}
