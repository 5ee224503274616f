import { timestampDate } from "@bufbuild/protobuf/wkt";
import type {
  Statistics,
  VirtualMachineMemoryStatistics,
  VirtualMachineStatistics,
} from "../../proto/gen/containerd/runhcs/stats/v1/stats_pb.ts";
import type { Cgroup1Stats } from "../../src/cgroup1-stats.ts";
import type {
  VirtualMachineMemoryStats,
  VirtualMachineStats,
  WindowsStats,
} from "../../src/windows-stats.ts";
import { toCgroup1Stats } from "./cgroup1-stats.ts";

/**
 * Converts the statistics of the Windows shim. Times go from its nanoseconds to the units of 100 ns
 * of the Host Compute Service, so that both ways to a Windows container give the same numbers. A
 * Linux container on Windows yields control group v1.
 *
 * @see moby daemon/internal/libcontainerd/types/types_windows.go `winStatsToHCSStats`
 */
export function toWindowsStats(statistics: Statistics, readAt: Date): WindowsStats | Cgroup1Stats {
  const virtualMachine = statistics.vm && { virtualMachine: toVirtualMachine(statistics.vm) };
  const { container } = statistics;
  if (container.case === "linux") {
    return { ...toCgroup1Stats(container.value, readAt), ...virtualMachine };
  }
  if (container.case === undefined) return { kind: "windows", readAt, ...virtualMachine };
  const { timestamp, containerStartTime, processor, memory, storage } = container.value;
  return {
    kind: "windows",
    readAt,
    ...(timestamp && { timestamp: timestampDate(timestamp) }),
    ...(containerStartTime && { containerStartedAt: timestampDate(containerStartTime) }),
    uptime100ns: to100ns(container.value.uptimeNs),
    ...(processor && {
      processor: {
        totalRuntime100ns: to100ns(processor.totalRuntimeNs),
        userRuntime100ns: to100ns(processor.runtimeUserNs),
        kernelRuntime100ns: to100ns(processor.runtimeKernelNs),
      },
    }),
    ...(memory && {
      memory: {
        commitBytes: memory.memoryUsageCommitBytes,
        commitPeakBytes: memory.memoryUsageCommitPeakBytes,
        privateWorkingSetBytes: memory.memoryUsagePrivateWorkingSetBytes,
      },
    }),
    ...(storage && {
      storage: {
        normalizedReads: storage.readCountNormalized,
        readBytes: storage.readSizeBytes,
        normalizedWrites: storage.writeCountNormalized,
        writtenBytes: storage.writeSizeBytes,
      },
    }),
    ...virtualMachine,
  };
}

function to100ns(ns: bigint): bigint {
  return ns / 100n;
}

function toVirtualMachine({ processor, memory }: VirtualMachineStatistics): VirtualMachineStats {
  return {
    ...(processor && { totalRuntime100ns: to100ns(processor.totalRuntimeNs) }),
    ...(memory && { memory: toVirtualMachineMemory(memory) }),
  };
}

function toVirtualMachineMemory(memory: VirtualMachineMemoryStatistics): VirtualMachineMemoryStats {
  const { vmMemory } = memory;
  return {
    workingSetBytes: memory.workingSetBytes,
    virtualNodeCount: memory.virtualNodeCount,
    ...(vmMemory && {
      assignment: {
        availableMemory: vmMemory.availableMemory,
        availableMemoryBuffer: vmMemory.availableMemoryBuffer,
        reservedMemory: vmMemory.reservedMemory,
        assignedMemory: vmMemory.assignedMemory,
        secondLevelPagingActive: vmMemory.slpActive,
        balancingEnabled: vmMemory.balancingEnabled,
        dynamicMemoryOperationInProgress: vmMemory.dmOperationInProgress,
      },
    }),
  };
}
