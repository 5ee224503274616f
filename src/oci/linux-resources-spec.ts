import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  limit,
  list,
  mapOf,
  options as optionsOf,
  refuse,
  text,
  uint64,
} from "./check.ts";
import { defined, section } from "./defined.ts";
import type { Integer, LinuxResources, LinuxThrottleDevice } from "./spec.ts";
import { blockWeight, deviceNumber, hugepageSize, unified } from "./validate-resources.ts";

/** The limit of a container at one block device; what is left out is not limited. */
export interface BlockThrottle {
  /** Major number of the device. */
  readonly major: number;
  /** Minor number of the device. */
  readonly minor: number;
  /** Bytes read a second. */
  readonly readBytesPerSecond?: Integer | undefined;
  /** Bytes written a second. */
  readonly writeBytesPerSecond?: Integer | undefined;
  /** Reads a second. */
  readonly readsPerSecond?: Integer | undefined;
  /** Writes a second. */
  readonly writesPerSecond?: Integer | undefined;
}

/** The limits of a Linux container; what is left out is not limited, or in an update not changed. */
export interface LinuxResourceOptions {
  /** Memory, in bytes; -1 is no limit. */
  readonly memoryLimitBytes?: Integer | undefined;
  /** Memory and swap together, in bytes, at least `memoryLimitBytes`; -1 is no limit. */
  readonly memorySwapLimitBytes?: Integer | undefined;
  /** Memory that is kept when the host is short of it, in bytes. */
  readonly memoryReservationBytes?: Integer | undefined;
  /** How willingly memory is swapped out, 0 to 100 (cgroup v1). */
  readonly memorySwappiness?: number | undefined;
  /** Whether processes wait for memory instead of being ended (cgroup v1). */
  readonly disableOomKiller?: boolean | undefined;
  /** How many CPUs' time may be used, for instance 1.5; at least 0.01. Not with `cpuQuotaUs`. */
  readonly cpus?: number | undefined;
  /** Weight of processor time among others, 2 to 262144. */
  readonly cpuShares?: Integer | undefined;
  /** Processor time in each period, in microseconds; -1 is no limit. */
  readonly cpuQuotaUs?: Integer | undefined;
  /** Length of a period, in microseconds. Default with `cpus`: 100000. */
  readonly cpuPeriodUs?: Integer | undefined;
  /** Processor time that can be saved up for a burst, in microseconds. */
  readonly cpuBurstUs?: Integer | undefined;
  /** Real-time scheduling: time in each period, in microseconds (cgroup v1). */
  readonly cpuRealtimeRuntimeUs?: Integer | undefined;
  /** Real-time scheduling: length of a period, in microseconds (cgroup v1). */
  readonly cpuRealtimePeriodUs?: Integer | undefined;
  /** CPUs that may be used, as a list such as `0-3,7`. */
  readonly cpusetCpus?: string | undefined;
  /** NUMA nodes that may be used, as a list such as `0-1`. */
  readonly cpusetMems?: string | undefined;
  /** Number of processes; -1 is no limit. */
  readonly pidsLimit?: Integer | undefined;
  /** Weight at block devices among others, 10 to 1000; 0 is the default of the kernel. */
  readonly blkioWeight?: number | undefined;
  /** Limits by block device. */
  readonly blkioThrottles?: readonly BlockThrottle[] | undefined;
  /** Huge pages, in bytes by the size of the pages: `{ "2MB": 4194304 }`. */
  readonly hugepageLimitsBytes?: Readonly<Record<string, Integer>> | undefined;
  /** Files of cgroup v2 and what is written to them: `{ "memory.high": "1G" }`. */
  readonly unified?: Readonly<Record<string, string>> | undefined;
}

const DEFAULT_PERIOD_US = 100_000;

/** Accepts {@linkcode LinuxResourceOptions}. */
export const resourceOptions: Check = every(
  optionsOf({
    memoryLimitBytes: limit,
    memorySwapLimitBytes: limit,
    memoryReservationBytes: limit,
    memorySwappiness: integer(0, 100),
    disableOomKiller: boolean,
    cpus: (value, at) => {
      // The kernel refuses a quota below 1 ms.
      if (!Number.isFinite(value) || Number(value) < 0.01) refuse(at, "not a number from 0.01 on");
    },
    cpuShares: uint64,
    cpuQuotaUs: limit,
    cpuPeriodUs: uint64,
    cpuBurstUs: uint64,
    cpuRealtimeRuntimeUs: limit,
    cpuRealtimePeriodUs: uint64,
    cpusetCpus: text,
    cpusetMems: text,
    pidsLimit: limit,
    blkioWeight: blockWeight,
    blkioThrottles: list(fields({
      readBytesPerSecond: uint64,
      writeBytesPerSecond: uint64,
      readsPerSecond: uint64,
      writesPerSecond: uint64,
    }, { major: deviceNumber, minor: deviceNumber })),
    hugepageLimitsBytes: mapOf(uint64, hugepageSize),
    unified,
  }),
  (value, at) => {
    const { cpus, cpuQuotaUs, memoryLimitBytes = 0, memorySwapLimitBytes = 0 } =
      value as LinuxResourceOptions;
    if (cpus !== undefined && cpuQuotaUs !== undefined) {
      refuse(`${at}.cpuQuotaUs`, "cpus is given, too");
    }
    if (memorySwapLimitBytes > 0 && memorySwapLimitBytes < memoryLimitBytes) {
      refuse(`${at}.memorySwapLimitBytes`, `below memoryLimitBytes, ${memoryLimitBytes}`);
    }
  },
);

/**
 * Describes limits of a Linux container, for its spec or for an update.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.memoryLimitBytes`.
 * @example
 * ```ts
 * await client.updateResources("web", linuxResources({ memoryLimitBytes: 64 * 1024 ** 2 }));
 * ```
 */
export function linuxResources(options: LinuxResourceOptions): LinuxResources {
  resourceOptions(options, "options");
  return buildResources(options);
}

/** Turns checked options into limits. */
export function buildResources(options: LinuxResourceOptions): LinuxResources {
  const { cpus, hugepageLimitsBytes, unified } = options;
  const period = options.cpuPeriodUs ?? (cpus === undefined ? undefined : DEFAULT_PERIOD_US);
  const quota = cpus === undefined ? options.cpuQuotaUs : Math.round(cpus * Number(period));
  return defined<LinuxResources>({
    memory: section({
      limit: options.memoryLimitBytes,
      swap: options.memorySwapLimitBytes,
      reservation: options.memoryReservationBytes,
      swappiness: options.memorySwappiness,
      disableOOMKiller: options.disableOomKiller,
    }),
    cpu: section({
      shares: options.cpuShares,
      quota,
      period,
      burst: options.cpuBurstUs,
      realtimeRuntime: options.cpuRealtimeRuntimeUs,
      realtimePeriod: options.cpuRealtimePeriodUs,
      cpus: options.cpusetCpus,
      mems: options.cpusetMems,
    }),
    pids: section({ limit: options.pidsLimit }),
    blockIO: section({
      weight: options.blkioWeight,
      throttleReadBpsDevice: throttles(options, "readBytesPerSecond"),
      throttleWriteBpsDevice: throttles(options, "writeBytesPerSecond"),
      throttleReadIOPSDevice: throttles(options, "readsPerSecond"),
      throttleWriteIOPSDevice: throttles(options, "writesPerSecond"),
    }),
    hugepageLimits: hugepageLimitsBytes &&
      Object.entries(hugepageLimitsBytes).map(([pageSize, limit]) => ({ pageSize, limit })),
    unified,
  });
}

function throttles(
  options: LinuxResourceOptions,
  kind: "readBytesPerSecond" | "writeBytesPerSecond" | "readsPerSecond" | "writesPerSecond",
): readonly LinuxThrottleDevice[] | undefined {
  const devices = options.blkioThrottles?.flatMap(({ major, minor, [kind]: rate }) =>
    rate === undefined ? [] : [{ major, minor, rate }]
  );
  return devices?.length ? devices : undefined;
}
