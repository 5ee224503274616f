/** Counters of one network interface, as seen from inside the container. */
export interface NetworkInterfaceStats {
  /** Name of the interface, for instance `eth0`. */
  readonly name: string;
  /** Bytes received. */
  readonly receivedBytes: bigint;
  /** Packets received. */
  readonly receivedPackets: bigint;
  /** Errors while receiving. */
  readonly receiveErrors: bigint;
  /** Incoming packets that were dropped. */
  readonly receiveDropped: bigint;
  /** Bytes sent. */
  readonly sentBytes: bigint;
  /** Packets sent. */
  readonly sentPackets: bigint;
  /** Errors while sending. */
  readonly sendErrors: bigint;
  /** Outgoing packets that were dropped. */
  readonly sendDropped: bigint;
}

/** Huge pages of one size. */
export interface HugePageStats {
  /** Size of the page, in the kernel's spelling: `2MB`. */
  readonly pageSize: string;
  /** Memory in use by pages of this size, in bytes. */
  readonly usageBytes: bigint;
  /** Control group v1: the highest use so far; v2: the limit. In bytes. */
  readonly maxBytes: bigint;
  /** How often an allocation failed at the limit. */
  readonly failures: bigint;
}

/** Handles and objects of one RDMA device. */
export interface RdmaDeviceStats {
  /** Name of the device. */
  readonly device: string;
  /** Host channel adapter handles. */
  readonly hcaHandles: number;
  /** Host channel adapter objects. */
  readonly hcaObjects: number;
}

/** Use of RDMA devices. */
export interface RdmaStats {
  /** In use, one entry a device. */
  readonly current: readonly RdmaDeviceStats[];
  /** Allowed, one entry a device. */
  readonly limit: readonly RdmaDeviceStats[];
}

/** Number of processes. */
export interface PidsStats {
  /** Processes and threads at the moment. */
  readonly current: bigint;
  /** The limit. Where there is none: 0 in v1, 18446744073709551615 in v2. */
  readonly limit: bigint;
}
