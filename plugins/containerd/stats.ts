import { timestampDate } from "@bufbuild/protobuf/wkt";
import { StatisticsSchema } from "../../proto/gen/containerd/runhcs/stats/v1/stats_pb.ts";
import type { Metric } from "../../proto/gen/containerd/types/metrics_pb.ts";
import { MetricsSchema as Cgroup1Schema } from "../../proto/gen/io/containerd/cgroups/v1/metrics_pb.ts";
import { MetricsSchema as Cgroup2Schema } from "../../proto/gen/io/containerd/cgroups/v2/metrics_pb.ts";
import { ContainerError } from "../../src/errors.ts";
import type { TypedValue } from "../../src/runtime.ts";
import type { Stats } from "../../src/stats.ts";
import { typeNameOf, unpack } from "./any.ts";
import { toCgroup1Stats } from "./cgroup1-stats.ts";
import { toCgroup2Stats } from "./cgroup2-stats.ts";
import { toWindowsStats } from "./windows-stats.ts";

/**
 * Converts one answer of `Tasks.Metrics`. Without a time of its own it counts as read now.
 *
 * @throws {ContainerError} As {@linkcode toStats}.
 */
export function decodeStats(metric: Metric): Stats {
  return toStats(metric.data, metric.timestamp ? timestampDate(metric.timestamp) : new Date());
}

/**
 * Converts metrics as `Tasks.Metrics`, or a shim's `Stats`, sends them.
 *
 * @param data The packed metrics; with or without `type.googleapis.com/` before the type's name.
 * @param readAt When they were read.
 * @throws {ContainerError} `unimplemented` for metrics of another type, or none; `data_loss` for
 * metrics that cannot be decoded.
 */
export function toStats(data: TypedValue | undefined, readAt: Date): Stats {
  if (data === undefined) {
    throw new ContainerError("unimplemented", "Cannot read stats: the shim sends none", {
      plugin: "containerd",
    });
  }
  const cgroup2 = unpack(data, Cgroup2Schema);
  if (cgroup2) return toCgroup2Stats(cgroup2, readAt);
  const cgroup1 = unpack(data, Cgroup1Schema);
  if (cgroup1) return toCgroup1Stats(cgroup1, readAt);
  const statistics = unpack(data, StatisticsSchema);
  if (statistics) return toWindowsStats(statistics, readAt);
  throw new ContainerError(
    "unimplemented",
    `Cannot read stats of type "${typeNameOf(data)}": unknown type`,
    { plugin: "containerd" },
  );
}
