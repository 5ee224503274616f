import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linuxResources } from "../../src/oci/linux-resources-spec.ts";
import { assertRefused } from "./refused.ts";

describe("linuxResources()", () => {
  it("describes every limit", () => {
    const throttle = { major: 8, minor: 0 };
    assert.deepEqual(
      linuxResources({
        memoryLimitBytes: 2n ** 62n,
        memorySwapLimitBytes: -1,
        memoryReservationBytes: 1,
        memorySwappiness: 0,
        disableOomKiller: true,
        cpuShares: 2,
        cpuQuotaUs: -1,
        cpuPeriodUs: 50_000,
        cpuBurstUs: 1,
        cpuRealtimeRuntimeUs: 2,
        cpuRealtimePeriodUs: 3,
        cpusetCpus: "0-1",
        cpusetMems: "0",
        pidsLimit: -1,
        blkioWeight: 10,
        blkioThrottles: [
          { ...throttle, readBytesPerSecond: 1, writeBytesPerSecond: 2n },
          { ...throttle, minor: 1, readBytesPerSecond: 3, readsPerSecond: 4, writesPerSecond: 5 },
        ],
        hugepageLimitsBytes: { "2MB": 4_194_304, "1GB": 0 },
        unified: { "memory.high": "1G" },
      }),
      {
        memory: {
          limit: 2n ** 62n,
          swap: -1,
          reservation: 1,
          swappiness: 0,
          disableOOMKiller: true,
        },
        cpu: {
          shares: 2,
          quota: -1,
          period: 50_000,
          burst: 1,
          realtimeRuntime: 2,
          realtimePeriod: 3,
          cpus: "0-1",
          mems: "0",
        },
        pids: { limit: -1 },
        blockIO: {
          weight: 10,
          throttleReadBpsDevice: [{ ...throttle, rate: 1 }, { major: 8, minor: 1, rate: 3 }],
          throttleWriteBpsDevice: [{ ...throttle, rate: 2n }],
          throttleReadIOPSDevice: [{ major: 8, minor: 1, rate: 4 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 1, rate: 5 }],
        },
        hugepageLimits: [{ pageSize: "2MB", limit: 4_194_304 }, { pageSize: "1GB", limit: 0 }],
        unified: { "memory.high": "1G" },
      },
    );
  });
  it("turns a number of CPUs into a quota", () => {
    assert.deepEqual(linuxResources({ cpus: 1.5 }), { cpu: { quota: 150_000, period: 100_000 } });
    assert.deepEqual(linuxResources({ cpus: 0.01, cpuPeriodUs: 200_000n }), {
      cpu: { quota: 2000, period: 200_000n },
    });
  });
  it("leaves out what is not limited", () => assert.deepEqual(linuxResources({}), {}));
  for (
    const [options, field] of [
      [{ cpus: 0 }, "cpus"],
      [{ cpus: -1 }, "cpus"],
      [{ cpus: NaN }, "cpus"],
      [{ cpus: Infinity }, "cpus"],
      [{ cpus: "2" }, "cpus"],
      [{ cpus: 1, cpuQuotaUs: 5 }, "cpuQuotaUs"],
      [{ memoryLimitBytes: -2 }, "memoryLimitBytes"],
      [{ memoryLimitBytes: 1.5 }, "memoryLimitBytes"],
      [{ memoryLimitBytes: 2, memorySwapLimitBytes: 1 }, "memorySwapLimitBytes"],
      [{ hugepageLimitsBytes: { huge: 1 } }, "hugepageLimitsBytes.huge"],
      [{ blkioThrottles: [{ major: 8 }] }, "blkioThrottles[0].minor"],
      [{ memoryLimit: 5 }, "memoryLimit"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assertRefused(() => linuxResources(options as object), `options.${field}`);
    });
  }
});
