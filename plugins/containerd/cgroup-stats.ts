import type {
  NetworkStat as NetworkV1,
  RdmaEntry as RdmaEntryV1,
  RdmaStat as RdmaV1,
} from "../../proto/gen/io/containerd/cgroups/v1/metrics_pb.ts";
import type {
  NetworkStat as NetworkV2,
  RdmaEntry as RdmaEntryV2,
  RdmaStat as RdmaV2,
} from "../../proto/gen/io/containerd/cgroups/v2/metrics_pb.ts";
import type { NetworkInterfaceStats, RdmaDeviceStats, RdmaStats } from "../../src/cgroup-stats.ts";

/** Converts the counters of one interface; both versions of control groups have the same. */
export function toNetwork(network: NetworkV1 | NetworkV2): NetworkInterfaceStats {
  return {
    name: network.name,
    receivedBytes: network.rxBytes,
    receivedPackets: network.rxPackets,
    receiveErrors: network.rxErrors,
    receiveDropped: network.rxDropped,
    sentBytes: network.txBytes,
    sentPackets: network.txPackets,
    sendErrors: network.txErrors,
    sendDropped: network.txDropped,
  };
}

/** Converts the use of RDMA devices; both versions of control groups have the same. */
export function toRdma(rdma: RdmaV1 | RdmaV2): RdmaStats {
  return { current: rdma.current.map(toRdmaDevice), limit: rdma.limit.map(toRdmaDevice) };
}

function toRdmaDevice(entry: RdmaEntryV1 | RdmaEntryV2): RdmaDeviceStats {
  return { device: entry.device, hcaHandles: entry.hcaHandles, hcaObjects: entry.hcaObjects };
}
