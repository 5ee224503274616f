import type {
  BlkIOEntry,
  BlkIOStat,
  CPUStat,
  MemoryEntry,
  MemoryStat,
  Metrics,
} from "../../proto/gen/io/containerd/cgroups/v1/metrics_pb.ts";
import type {
  Cgroup1BlockIoEntry,
  Cgroup1BlockIoStats,
  Cgroup1CpuStats,
  Cgroup1MemoryCounters,
  Cgroup1MemoryEntry,
  Cgroup1MemoryStats,
  Cgroup1Stats,
} from "../../src/cgroup1-stats.ts";
import { toNetwork, toRdma } from "./cgroup-stats.ts";

/** Converts the metrics of control groups v1. */
export function toCgroup1Stats(metrics: Metrics, readAt: Date): Cgroup1Stats {
  const { pids, cpu, memory, blkio, rdma, cgroupStats, memoryOomControl } = metrics;
  return {
    kind: "cgroup1",
    readAt,
    hugePages: metrics.hugetlb.map((entry) => ({
      pageSize: entry.pagesize,
      usageBytes: entry.usage,
      maxBytes: entry.max,
      failures: entry.failcnt,
    })),
    ...(pids && { pids: { current: pids.current, limit: pids.limit } }),
    ...(cpu && { cpu: toCpu(cpu) }),
    ...(memory && { memory: toMemory(memory) }),
    ...(blkio && { blockIo: toBlockIo(blkio) }),
    ...(rdma && { rdma: toRdma(rdma) }),
    network: metrics.network.map(toNetwork),
    ...(cgroupStats && {
      tasks: {
        sleeping: cgroupStats.nrSleeping,
        running: cgroupStats.nrRunning,
        stopped: cgroupStats.nrStopped,
        uninterruptible: cgroupStats.nrUninterruptible,
        ioWait: cgroupStats.nrIoWait,
      },
    }),
    ...(memoryOomControl && {
      memoryOomControl: {
        oomKillDisable: memoryOomControl.oomKillDisable,
        underOom: memoryOomControl.underOom,
        oomKill: memoryOomControl.oomKill,
      },
    }),
  };
}

function toCpu({ usage, throttling }: CPUStat): Cgroup1CpuStats {
  return {
    ...(usage && {
      usage: {
        totalNs: usage.total,
        kernelNs: usage.kernel,
        userNs: usage.user,
        perCpuNs: [...usage.perCpu],
      },
    }),
    ...(throttling && {
      throttling: {
        periods: throttling.periods,
        throttledPeriods: throttling.throttledPeriods,
        throttledNs: throttling.throttledTime,
      },
    }),
  };
}

function toMemory(memory: MemoryStat): Cgroup1MemoryStats {
  const { usage, swap, kernel, kernelTcp } = memory;
  return {
    cacheBytes: memory.cache,
    rssBytes: memory.rss,
    rssHugeBytes: memory.rssHuge,
    mappedFileBytes: memory.mappedFile,
    dirtyBytes: memory.dirty,
    writebackBytes: memory.writeback,
    pagesIn: memory.pgPgIn,
    pagesOut: memory.pgPgOut,
    pageFaults: memory.pgFault,
    majorPageFaults: memory.pgMajFault,
    inactiveAnonBytes: memory.inactiveAnon,
    activeAnonBytes: memory.activeAnon,
    inactiveFileBytes: memory.inactiveFile,
    activeFileBytes: memory.activeFile,
    unevictableBytes: memory.unevictable,
    hierarchicalLimitBytes: memory.hierarchicalMemoryLimit,
    hierarchicalSwapLimitBytes: memory.hierarchicalSwapLimit,
    total: toTotalMemory(memory),
    ...(usage && { usage: toMemoryEntry(usage) }),
    ...(swap && { swap: toMemoryEntry(swap) }),
    ...(kernel && { kernel: toMemoryEntry(kernel) }),
    ...(kernelTcp && { kernelTcp: toMemoryEntry(kernelTcp) }),
  };
}

function toTotalMemory(memory: MemoryStat): Cgroup1MemoryCounters {
  return {
    cacheBytes: memory.totalCache,
    rssBytes: memory.totalRss,
    rssHugeBytes: memory.totalRssHuge,
    mappedFileBytes: memory.totalMappedFile,
    dirtyBytes: memory.totalDirty,
    writebackBytes: memory.totalWriteback,
    pagesIn: memory.totalPgPgIn,
    pagesOut: memory.totalPgPgOut,
    pageFaults: memory.totalPgFault,
    majorPageFaults: memory.totalPgMajFault,
    inactiveAnonBytes: memory.totalInactiveAnon,
    activeAnonBytes: memory.totalActiveAnon,
    inactiveFileBytes: memory.totalInactiveFile,
    activeFileBytes: memory.totalActiveFile,
    unevictableBytes: memory.totalUnevictable,
  };
}

function toMemoryEntry(entry: MemoryEntry): Cgroup1MemoryEntry {
  return {
    limitBytes: entry.limit,
    usageBytes: entry.usage,
    maxUsageBytes: entry.max,
    failures: entry.failcnt,
  };
}

function toBlockIo(io: BlkIOStat): Cgroup1BlockIoStats {
  return {
    serviceBytes: io.ioServiceBytesRecursive.map(toBlockIoEntry),
    serviced: io.ioServicedRecursive.map(toBlockIoEntry),
    queued: io.ioQueuedRecursive.map(toBlockIoEntry),
    serviceTimeNs: io.ioServiceTimeRecursive.map(toBlockIoEntry),
    waitTimeNs: io.ioWaitTimeRecursive.map(toBlockIoEntry),
    merged: io.ioMergedRecursive.map(toBlockIoEntry),
    deviceTimeMs: io.ioTimeRecursive.map(toBlockIoEntry),
    sectors: io.sectorsRecursive.map(toBlockIoEntry),
  };
}

function toBlockIoEntry(entry: BlkIOEntry): Cgroup1BlockIoEntry {
  return {
    operation: entry.op,
    device: entry.device,
    major: entry.major,
    minor: entry.minor,
    value: entry.value,
  };
}
