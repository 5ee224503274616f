import type { Integer } from "./integer.ts";

/** The limits of a Linux container, by cgroup controller. */
export interface LinuxResources {
  /** Which devices it may use; a later rule goes before an earlier one. */
  readonly devices?: readonly LinuxDeviceRule[] | undefined;
  /** Memory. */
  readonly memory?: LinuxMemory | undefined;
  /** Processor time. */
  readonly cpu?: LinuxCpu | undefined;
  /** Number of processes. */
  readonly pids?: LinuxPids | undefined;
  /** Block devices. */
  readonly blockIO?: LinuxBlockIO | undefined;
  /** Huge pages. */
  readonly hugepageLimits?: readonly LinuxHugepageLimit[] | undefined;
  /** Network traffic (cgroup v1). */
  readonly network?: LinuxNetwork | undefined;
  /** RDMA devices, by their name. */
  readonly rdma?: Readonly<Record<string, LinuxRdma>> | undefined;
  /** Files of cgroup v2 and what is written to them: `{ "memory.high": "1G" }`. */
  readonly unified?: Readonly<Record<string, string>> | undefined;
}

/** Allows or denies the use of devices. */
export interface LinuxDeviceRule {
  /** Whether it allows. */
  readonly allow: boolean;
  /** All, block or character devices. Default: all. */
  readonly type?: "a" | "b" | "c" | undefined;
  /** Major number. Default: any. */
  readonly major?: Integer | undefined;
  /** Minor number. Default: any. */
  readonly minor?: Integer | undefined;
  /** Letters of `rwm`: read, write, make a node. */
  readonly access?: string | undefined;
}

/** Limits of memory, in bytes; -1 is none. */
export interface LinuxMemory {
  /** Memory. */
  readonly limit?: Integer | undefined;
  /** Memory that is kept when the host is short of it. */
  readonly reservation?: Integer | undefined;
  /** Memory and swap together. */
  readonly swap?: Integer | undefined;
  /** Memory of the kernel. Deprecated by the OCI spec. */
  readonly kernel?: Integer | undefined;
  /** Memory of the kernel's TCP buffers. */
  readonly kernelTCP?: Integer | undefined;
  /** How willingly it is swapped out, 0 to 100. */
  readonly swappiness?: Integer | undefined;
  /** Whether processes wait for memory instead of being ended. */
  readonly disableOOMKiller?: boolean | undefined;
  /** Whether memory is counted in the parents, too. */
  readonly useHierarchy?: boolean | undefined;
  /** Whether an update below the present use is refused. */
  readonly checkBeforeUpdate?: boolean | undefined;
}

/** Limits of processor time. */
export interface LinuxCpu {
  /** Weight among others, 2 to 262144. */
  readonly shares?: Integer | undefined;
  /** Time in each period, in microseconds; -1 is no limit. */
  readonly quota?: Integer | undefined;
  /** Time that can be saved up for a burst, in microseconds. */
  readonly burst?: Integer | undefined;
  /** Length of a period, in microseconds. */
  readonly period?: Integer | undefined;
  /** Real-time scheduling: time in each period, in microseconds. */
  readonly realtimeRuntime?: Integer | undefined;
  /** Real-time scheduling: length of a period, in microseconds. */
  readonly realtimePeriod?: Integer | undefined;
  /** CPUs that may be used, as a list such as `0-3,7`. */
  readonly cpus?: string | undefined;
  /** NUMA nodes that may be used, as a list such as `0-1`. */
  readonly mems?: string | undefined;
  /** 1: runs only when others do not; 0: as usual. */
  readonly idle?: Integer | undefined;
}

/** Limit of the number of processes. */
export interface LinuxPids {
  /** How many; -1 is no limit. */
  readonly limit?: Integer | undefined;
}

/** Limits of block devices. */
export interface LinuxBlockIO {
  /** Weight among others, 10 to 1000. */
  readonly weight?: number | undefined;
  /** Weight of its processes against its child cgroups. */
  readonly leafWeight?: number | undefined;
  /** Weights by device. */
  readonly weightDevice?: readonly LinuxWeightDevice[] | undefined;
  /** Bytes read a second, by device. */
  readonly throttleReadBpsDevice?: readonly LinuxThrottleDevice[] | undefined;
  /** Bytes written a second, by device. */
  readonly throttleWriteBpsDevice?: readonly LinuxThrottleDevice[] | undefined;
  /** Reads a second, by device. */
  readonly throttleReadIOPSDevice?: readonly LinuxThrottleDevice[] | undefined;
  /** Writes a second, by device. */
  readonly throttleWriteIOPSDevice?: readonly LinuxThrottleDevice[] | undefined;
}

/** The weight of a container at one block device. */
export interface LinuxWeightDevice {
  /** Major number of the device. */
  readonly major: Integer;
  /** Minor number of the device. */
  readonly minor: Integer;
  /** Weight among others, 10 to 1000. */
  readonly weight?: number | undefined;
  /** Weight of its processes against its child cgroups. */
  readonly leafWeight?: number | undefined;
}

/** The limit of a container at one block device. */
export interface LinuxThrottleDevice {
  /** Major number of the device. */
  readonly major: Integer;
  /** Minor number of the device. */
  readonly minor: Integer;
  /** Bytes or operations a second. */
  readonly rate: Integer;
}

/** Limit of huge pages of one size. */
export interface LinuxHugepageLimit {
  /** Size of the pages, for instance `2MB`. */
  readonly pageSize: string;
  /** How much, in bytes. */
  readonly limit: Integer;
}

/** Class and priority of network traffic (cgroup v1). */
export interface LinuxNetwork {
  /** Class of the container's packets. */
  readonly classID?: number | undefined;
  /** Priorities by interface. */
  readonly priorities?: readonly LinuxInterfacePriority[] | undefined;
}

/** The priority of a container at one network interface. */
export interface LinuxInterfacePriority {
  /** Name of the interface. */
  readonly name: string;
  /** The priority. */
  readonly priority: number;
}

/** Limits of one RDMA device. */
export interface LinuxRdma {
  /** Number of open HCA handles. Default: no limit. */
  readonly hcaHandles?: number | undefined;
  /** Number of HCA objects. Default: no limit. */
  readonly hcaObjects?: number | undefined;
}
