/** What a Windows container uses, in the units of the Host Compute Service. */
export interface WindowsStats {
  /** Discriminates the union. */
  readonly kind: "windows";
  /** When it was read, by the clock of the runtime's host. */
  readonly readAt: Date;
  /** When the service measured it. */
  readonly timestamp?: Date;
  /** When the container was started. */
  readonly containerStartedAt?: Date;
  /** How long it runs, in units of 100 ns. */
  readonly uptime100ns?: bigint;
  /** Processor time. */
  readonly processor?: WindowsProcessorStats;
  /** Memory. */
  readonly memory?: WindowsMemoryStats;
  /** Storage. */
  readonly storage?: WindowsStorageStats;
  /** Network, one entry an endpoint; only the local Host Compute Service tells it. */
  readonly network?: readonly WindowsNetworkStats[];
  /** The virtual machine around the container, with Hyper-V isolation. */
  readonly virtualMachine?: VirtualMachineStats;
}

/** Processor time of a Windows container. */
export interface WindowsProcessorStats {
  /** Time in user and kernel mode, in units of 100 ns. */
  readonly totalRuntime100ns: bigint;
  /** Time in user mode, in units of 100 ns. */
  readonly userRuntime100ns: bigint;
  /** Time in kernel mode, in units of 100 ns. */
  readonly kernelRuntime100ns: bigint;
}

/** Memory of a Windows container. */
export interface WindowsMemoryStats {
  /** Committed memory, in bytes. */
  readonly commitBytes: bigint;
  /** The highest committed memory so far, in bytes. */
  readonly commitPeakBytes: bigint;
  /** Private working set, in bytes. */
  readonly privateWorkingSetBytes: bigint;
}

/** Storage of a Windows container. */
export interface WindowsStorageStats {
  /** Read operations, as the Host Compute Service normalizes them. */
  readonly normalizedReads: bigint;
  /** Bytes read. */
  readonly readBytes: bigint;
  /** Write operations, as the Host Compute Service normalizes them. */
  readonly normalizedWrites: bigint;
  /** Bytes written. */
  readonly writtenBytes: bigint;
}

/** One network endpoint of a Windows container. */
export interface WindowsNetworkStats {
  /** Id of the endpoint. */
  readonly endpointId: string;
  /** Id of the endpoint's instance. */
  readonly instanceId: string;
  /** Bytes received. */
  readonly receivedBytes: bigint;
  /** Bytes sent. */
  readonly sentBytes: bigint;
  /** Packets received. */
  readonly receivedPackets: bigint;
  /** Packets sent. */
  readonly sentPackets: bigint;
  /** Incoming packets that were dropped. */
  readonly receiveDropped: bigint;
  /** Outgoing packets that were dropped. */
  readonly sendDropped: bigint;
}

/** What the utility virtual machine around a container uses. */
export interface VirtualMachineStats {
  /** Processor time of the virtual machine, in units of 100 ns. */
  readonly totalRuntime100ns?: bigint;
  /** Memory of the virtual machine. */
  readonly memory?: VirtualMachineMemoryStats;
}

/** Memory of a utility virtual machine. */
export interface VirtualMachineMemoryStats {
  /** Working set on the host, in bytes. */
  readonly workingSetBytes: bigint;
  /** Virtual NUMA nodes. */
  readonly virtualNodeCount: number;
  /** What the virtual machine was given. */
  readonly assignment?: VirtualMachineMemoryAssignment;
}

/**
 * Memory that a utility virtual machine was given. The Host Compute Service documents no unit for
 * its numbers; they are handed on as they came.
 */
export interface VirtualMachineMemoryAssignment {
  /** Memory that is available inside. */
  readonly availableMemory: number;
  /** Available memory above the wanted buffer; negative where it falls short. */
  readonly availableMemoryBuffer: number;
  /** Reserved memory. */
  readonly reservedMemory: bigint;
  /** Assigned memory. */
  readonly assignedMemory: bigint;
  /** Whether second-level paging is active. */
  readonly secondLevelPagingActive: boolean;
  /** Whether the host balances the memory. */
  readonly balancingEnabled: boolean;
  /** Whether the host changes the amount at this moment. */
  readonly dynamicMemoryOperationInProgress: boolean;
}
