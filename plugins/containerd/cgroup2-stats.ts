import type {
  CPUStat,
  IOStat,
  MemoryEvents,
  MemoryStat,
  Metrics,
  PSIData,
  PSIStats,
} from "../../proto/gen/io/containerd/cgroups/v2/metrics_pb.ts";
import type {
  Cgroup2CpuStats,
  Cgroup2IoStats,
  Cgroup2MemoryEvents,
  Cgroup2MemoryStats,
  Cgroup2Stats,
  PressureStats,
  PressureTimes,
} from "../../src/cgroup2-stats.ts";
import { toNetwork, toRdma } from "./cgroup-stats.ts";

/** Converts the metrics of control groups v2. */
export function toCgroup2Stats(metrics: Metrics, readAt: Date): Cgroup2Stats {
  const { pids, cpu, memory, memoryEvents, rdma, io } = metrics;
  return {
    kind: "cgroup2",
    readAt,
    ...(pids && { pids: { current: pids.current, limit: pids.limit } }),
    ...(cpu && { cpu: toCpu(cpu) }),
    ...(memory && { memory: toMemory(memory) }),
    ...(memoryEvents && { memoryEvents: toMemoryEvents(memoryEvents) }),
    ...(rdma && { rdma: toRdma(rdma) }),
    ...(io && { io: toIo(io) }),
    hugePages: metrics.hugetlb.map((entry) => ({
      pageSize: entry.pagesize,
      usageBytes: entry.current,
      maxBytes: entry.max,
      failures: entry.failcnt,
    })),
    network: metrics.network.map(toNetwork),
  };
}

function toCpu(cpu: CPUStat): Cgroup2CpuStats {
  return {
    usageUs: cpu.usageUsec,
    userUs: cpu.userUsec,
    systemUs: cpu.systemUsec,
    periods: cpu.nrPeriods,
    throttledPeriods: cpu.nrThrottled,
    throttledUs: cpu.throttledUsec,
    bursts: cpu.nrBursts,
    burstUs: cpu.burstUsec,
    ...(cpu.psi && { pressure: toPressure(cpu.psi) }),
  };
}

function toMemory(memory: MemoryStat): Cgroup2MemoryStats {
  return {
    anonBytes: memory.anon,
    fileBytes: memory.file,
    kernelStackBytes: memory.kernelStack,
    slabBytes: memory.slab,
    socketBytes: memory.sock,
    sharedMemoryBytes: memory.shmem,
    fileMappedBytes: memory.fileMapped,
    fileDirtyBytes: memory.fileDirty,
    fileWritebackBytes: memory.fileWriteback,
    anonHugeBytes: memory.anonThp,
    inactiveAnonBytes: memory.inactiveAnon,
    activeAnonBytes: memory.activeAnon,
    inactiveFileBytes: memory.inactiveFile,
    activeFileBytes: memory.activeFile,
    unevictableBytes: memory.unevictable,
    slabReclaimableBytes: memory.slabReclaimable,
    slabUnreclaimableBytes: memory.slabUnreclaimable,
    pageFaults: memory.pgfault,
    majorPageFaults: memory.pgmajfault,
    workingSetRefaults: memory.workingsetRefault,
    workingSetActivations: memory.workingsetActivate,
    workingSetNodeReclaims: memory.workingsetNodereclaim,
    pagesRefilled: memory.pgrefill,
    pagesScanned: memory.pgscan,
    pagesReclaimed: memory.pgsteal,
    pagesActivated: memory.pgactivate,
    pagesDeactivated: memory.pgdeactivate,
    pagesLazyFree: memory.pglazyfree,
    pagesLazyFreed: memory.pglazyfreed,
    hugePageFaultAllocations: memory.thpFaultAlloc,
    hugePageCollapseAllocations: memory.thpCollapseAlloc,
    usageBytes: memory.usage,
    limitBytes: memory.usageLimit,
    swapUsageBytes: memory.swapUsage,
    swapLimitBytes: memory.swapLimit,
    maxUsageBytes: memory.maxUsage,
    swapMaxUsageBytes: memory.swapMaxUsage,
    ...(memory.psi && { pressure: toPressure(memory.psi) }),
  };
}

function toMemoryEvents(events: MemoryEvents): Cgroup2MemoryEvents {
  return {
    low: events.low,
    high: events.high,
    max: events.max,
    oom: events.oom,
    oomKill: events.oomKill,
    oomGroupKill: events.oomGroupKill,
  };
}

function toIo(io: IOStat): Cgroup2IoStats {
  return {
    devices: io.usage.map((entry) => ({
      major: entry.major,
      minor: entry.minor,
      readBytes: entry.rbytes,
      writtenBytes: entry.wbytes,
      reads: entry.rios,
      writes: entry.wios,
    })),
    ...(io.psi && { pressure: toPressure(io.psi) }),
  };
}

function toPressure({ some, full }: PSIStats): PressureStats {
  return {
    ...(some && { some: toPressureTimes(some) }),
    ...(full && { full: toPressureTimes(full) }),
  };
}

function toPressureTimes(data: PSIData): PressureTimes {
  return {
    last10sPercent: data.avg10,
    last60sPercent: data.avg60,
    last300sPercent: data.avg300,
    totalUs: data.total,
  };
}
