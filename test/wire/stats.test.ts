import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack, timestampFromDate } from "@bufbuild/protobuf/wkt";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { packBare } from "../../plugins/containerd/any.ts";
import { decodeStats, toStats } from "../../plugins/containerd/stats.ts";
import { StatisticsSchema } from "../../proto/gen/containerd/runhcs/stats/v1/stats_pb.ts";
import { MetricSchema } from "../../proto/gen/containerd/types/metrics_pb.ts";
import { MetricsSchema as Cgroup1Schema } from "../../proto/gen/io/containerd/cgroups/v1/metrics_pb.ts";
import { MetricsSchema as Cgroup2Schema } from "../../proto/gen/io/containerd/cgroups/v2/metrics_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import type { Stats } from "../../src/stats.ts";
import { DistinctMessages, flatten, type Leaves } from "./flatten.ts";

const readAt = new Date("2026-02-03T04:05:06.789Z");

/** Where each number of a message goes, by the kind of stats: `{ "field of stats": "field" }`. */
const origins: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(new URL("stats-fields.json", import.meta.url), "utf8"),
);

/** Pairs each leaf of the stats with the leaf of the message that has its content. */
function pair(stats: Stats, sent: Leaves): Record<string, string> {
  const paths = new Map<string, string>();
  for (const [path, content] of sent) {
    // Windows: what was sent in nanoseconds arrives in units of 100 ns.
    paths.set(path.endsWith("_ns") ? `${BigInt(content) / 100n}` : content, path);
  }
  const pairs: Record<string, string> = {};
  for (const [path, content] of flatten(stats)) {
    if (path === "kind") continue;
    const from = paths.get(content) ?? `unknown (${content})`;
    // Two items of a list count as one, if the first comes from the first.
    const index = /\[\d\]/.exec(path)?.[0] ?? "";
    pairs[path.replace(index, index && "[]")] = from.replace(index, index && "[]");
  }
  return pairs;
}

function checkOrigins<Desc extends DescMessage>(
  name: string,
  schema: Desc,
  oneofField?: string,
): Stats {
  const messages = new DistinctMessages();
  const message: MessageShape<Desc> = messages.make(schema, oneofField);
  const stats = toStats(packBare(schema, message), readAt);
  const pairs = pair(stats, messages.leaves);
  assert.deepEqual(pairs, origins[name]);
  const sent = [...messages.leaves.keys()].map((path) => path.replace(/\[\d\]/, "[]"));
  assert.deepEqual([...new Set(Object.values(pairs))].sort(), [...new Set(sent)].sort());
  return stats;
}

describe("toStats()", () => {
  it("takes every number of control groups v1 to its own field", () => {
    const stats = checkOrigins("cgroup1", Cgroup1Schema);
    assert.equal(stats.kind, "cgroup1");
    assert.equal(stats.readAt, readAt);
    assert.ok(stats.kind === "cgroup1");
    assert.equal(typeof stats.memory?.cacheBytes, "bigint");
    assert.equal(typeof stats.rdma?.current[0]?.hcaHandles, "number");
  });

  it("takes every number of control groups v2 to its own field", () => {
    const stats = checkOrigins("cgroup2", Cgroup2Schema);
    assert.equal(stats.kind, "cgroup2");
    assert.equal(stats.readAt, readAt);
  });

  it("takes every number of a Windows container to its own field, times in units of 100 ns", () => {
    const stats = checkOrigins("windows", StatisticsSchema, "windows");
    assert.equal(stats.kind, "windows");
  });

  it("takes every flag of a virtual machine's memory to its own field", () => {
    for (
      const [flag, expected] of [
        ["slpActive", [true, false, false]],
        ["balancingEnabled", [false, true, false]],
        ["dmOperationInProgress", [false, false, true]],
      ] as const
    ) {
      const statistics = create(StatisticsSchema, {
        vm: { memory: { vmMemory: { [flag]: true } } },
      });
      const stats = toStats(packBare(StatisticsSchema, statistics), readAt);
      assert.ok(stats.kind === "windows");
      const assignment = stats.virtualMachine?.memory?.assignment;
      assert.deepEqual(
        [
          assignment?.secondLevelPagingActive,
          assignment?.balancingEnabled,
          assignment?.dynamicMemoryOperationInProgress,
        ],
        expected,
      );
    }
  });

  it("takes a Linux container on Windows to control groups v1 and its virtual machine", () => {
    const stats = checkOrigins("linuxOnWindows", StatisticsSchema, "linux");
    assert.equal(stats.kind, "cgroup1");
  });

  it("rounds Windows times down, and keeps its dates", () => {
    const timestamp = new Date("2026-01-02T03:04:05.006Z");
    const containerStartTime = new Date("2026-01-01T00:00:00.000Z");
    const statistics = create(StatisticsSchema, {
      container: {
        case: "windows",
        value: {
          timestamp: timestampFromDate(timestamp),
          containerStartTime: timestampFromDate(containerStartTime),
          uptimeNs: 199n,
          processor: { totalRuntimeNs: 2n ** 64n - 1n, runtimeUserNs: 99n, runtimeKernelNs: 100n },
        },
      },
    });
    assert.deepEqual(toStats(packBare(StatisticsSchema, statistics), readAt), {
      kind: "windows",
      readAt,
      timestamp,
      containerStartedAt: containerStartTime,
      uptime100ns: 1n,
      processor: {
        totalRuntime100ns: 184467440737095516n,
        userRuntime100ns: 0n,
        kernelRuntime100ns: 1n,
      },
    });
  });

  it("leaves out what was not sent, instead of counting it as 0", () => {
    const empty = (schema: DescMessage) => toStats(packBare(schema, create(schema)), readAt);
    assert.deepEqual(empty(Cgroup1Schema), {
      kind: "cgroup1",
      readAt,
      hugePages: [],
      network: [],
    });
    assert.deepEqual(empty(Cgroup2Schema), {
      kind: "cgroup2",
      readAt,
      hugePages: [],
      network: [],
    });
    assert.deepEqual(empty(StatisticsSchema), { kind: "windows", readAt });
  });

  it("keeps 0 and the largest number apart from nothing", () => {
    const metrics = create(Cgroup2Schema, { pids: { current: 0n, limit: 2n ** 64n - 1n } });
    const stats = toStats(packBare(Cgroup2Schema, metrics), readAt);
    assert.ok(stats.kind === "cgroup2");
    assert.deepEqual(stats.pids, { current: 0n, limit: 18446744073709551615n });
  });

  it("takes a name with type.googleapis.com/ as well", () => {
    for (
      const [kind, schema] of Object.entries({
        cgroup1: Cgroup1Schema,
        cgroup2: Cgroup2Schema,
        windows: StatisticsSchema,
      })
    ) {
      const any: Any = anyPack<DescMessage>(schema, create<DescMessage>(schema));
      assert.ok(any.typeUrl.startsWith("type.googleapis.com/"));
      assert.equal(toStats(any, readAt).kind, kind);
    }
  });

  it("refuses metrics of another type, by name", () => {
    for (const typeUrl of ["a.B", "type.googleapis.com/a.B"]) {
      assert.throws(
        () => toStats({ typeUrl, value: new Uint8Array() }, readAt),
        (error) =>
          isContainerError(error, "unimplemented") && error.plugin === "containerd" &&
          error.message === 'Cannot read stats of type "a.B": unknown type',
      );
    }
  });

  it("refuses an answer without metrics", () => {
    assert.throws(
      () => toStats(undefined, readAt),
      (error) =>
        isContainerError(error, "unimplemented") &&
        error.message === "Cannot read stats: the shim sends none",
    );
  });

  it("refuses metrics that are cut off, by name", () => {
    const any = packBare(Cgroup2Schema, new DistinctMessages().make(Cgroup2Schema));
    assert.throws(
      () => toStats({ typeUrl: any.typeUrl, value: any.value.subarray(0, -1) }, readAt),
      (error) =>
        isContainerError(error, "data_loss") &&
        error.message === 'Cannot decode "io.containerd.cgroups.v2.Metrics": malformed value',
    );
  });
});

describe("decodeStats()", () => {
  it("takes the time from the answer", () => {
    const metric = create(MetricSchema, {
      id: "web",
      timestamp: timestampFromDate(readAt),
      data: packBare(Cgroup2Schema, create(Cgroup2Schema, { pids: { current: 3n } })),
    });
    const stats = decodeStats(metric);
    assert.deepEqual(stats.readAt, readAt);
    assert.ok(stats.kind === "cgroup2");
    assert.equal(stats.pids?.current, 3n);
  });

  it("counts an answer without a time as read now", () => {
    const data = packBare(Cgroup2Schema, create(Cgroup2Schema));
    const before = Date.now();
    const { readAt } = decodeStats(create(MetricSchema, { data }));
    assert.ok(before <= readAt.getTime() && readAt.getTime() <= Date.now());
  });
});
