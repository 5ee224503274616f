import type { Cgroup2Stats } from "../../src/cgroup2-stats.ts";
import type { HostTask } from "./host-task.ts";
import { unlimited } from "./limits.ts";
import { Refusal } from "./refusal.ts";

const NOTHING_OF_MEMORY = {
  fileBytes: 0n,
  kernelStackBytes: 0n,
  slabBytes: 0n,
  socketBytes: 0n,
  sharedMemoryBytes: 0n,
  fileMappedBytes: 0n,
  fileDirtyBytes: 0n,
  fileWritebackBytes: 0n,
  anonHugeBytes: 0n,
  inactiveAnonBytes: 0n,
  activeFileBytes: 0n,
  inactiveFileBytes: 0n,
  unevictableBytes: 0n,
  slabReclaimableBytes: 0n,
  slabUnreclaimableBytes: 0n,
  pageFaults: 0n,
  majorPageFaults: 0n,
  workingSetRefaults: 0n,
  workingSetActivations: 0n,
  workingSetNodeReclaims: 0n,
  pagesRefilled: 0n,
  pagesScanned: 0n,
  pagesReclaimed: 0n,
  pagesActivated: 0n,
  pagesDeactivated: 0n,
  pagesLazyFree: 0n,
  pagesLazyFreed: 0n,
  hugePageFaultAllocations: 0n,
  hugePageCollapseAllocations: 0n,
  swapUsageBytes: 0n,
  swapMaxUsageBytes: 0n,
};

/**
 * What a task uses: its processes and limits as they are; as processor time the time that its
 * processes have run; as memory what its programs say they use. It has no disks and no network.
 */
export function measure(task: HostTask, readAt: Date): Cgroup2Stats {
  if (task.init.exit) throw new Refusal("not_found", "no running task");
  const { limits, oomKills } = task;
  const usageUs = BigInt(Math.round(task.runMs * 1000));
  const memoryBytes = BigInt(task.memoryBytes);
  const memoryLimit = limits.memoryBytes ?? unlimited;
  const withSwap = limits.memorySwapBytes ?? unlimited;
  const kills = BigInt(oomKills);
  return {
    kind: "cgroup2",
    readAt,
    pids: { current: BigInt(task.pids().length), limit: limits.pids ?? unlimited },
    cpu: {
      usageUs,
      userUs: usageUs,
      systemUs: 0n,
      periods: 0n,
      throttledPeriods: 0n,
      throttledUs: 0n,
      bursts: 0n,
      burstUs: 0n,
    },
    memory: {
      ...NOTHING_OF_MEMORY,
      anonBytes: memoryBytes,
      activeAnonBytes: memoryBytes,
      usageBytes: memoryBytes,
      limitBytes: memoryLimit,
      swapLimitBytes: withSwap === unlimited || memoryLimit === unlimited
        ? unlimited
        : withSwap - memoryLimit,
      maxUsageBytes: BigInt(task.peakMemoryBytes),
    },
    memoryEvents: { low: 0n, high: 0n, max: kills, oom: kills, oomKill: kills, oomGroupKill: 0n },
    io: { devices: [] },
    hugePages: [],
    network: [],
  };
}
