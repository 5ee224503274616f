import {
  type Check,
  every,
  fields,
  integer,
  list,
  MAX_UINT16,
  options as optionsOf,
  refuse,
  uint32,
  uint64,
} from "./check.ts";
import { defined, section } from "./defined.ts";
import type { Integer, WindowsCpuGroupAffinity, WindowsResources } from "./spec.ts";

/** The limits of a Windows container; what is left out is not limited. */
export interface WindowsResourceOptions {
  /** Memory, in bytes. */
  readonly memoryLimitBytes?: Integer | undefined;
  /** Number of processors. Not with `cpuShares` or `cpuMaximumPercent`. */
  readonly cpuCount?: number | undefined;
  /** Weight of processor time among others, 1 to 10000. Not with `cpuMaximumPercent`. */
  readonly cpuShares?: number | undefined;
  /** Share of all processors, in percent, 0.01 to 100. */
  readonly cpuMaximumPercent?: number | undefined;
  /** Processors that may be used. */
  readonly cpuAffinity?: readonly WindowsCpuGroupAffinity[] | undefined;
  /** Operations of the system drive a second. */
  readonly storageOperationsPerSecond?: Integer | undefined;
  /** Bytes of the system drive a second. */
  readonly storageBytesPerSecond?: Integer | undefined;
  /** Smallest size of the system drive, in bytes. */
  readonly sandboxSizeBytes?: Integer | undefined;
}

/** Accepts {@linkcode WindowsResourceOptions}. */
export const resourceOptions: Check = every(
  optionsOf({
    memoryLimitBytes: uint64,
    cpuCount: integer(1, MAX_UINT16),
    cpuShares: integer(1, 10_000),
    cpuMaximumPercent: (value, at) => {
      if (typeof value !== "number" || !(value >= 0.01 && value <= 100)) {
        refuse(at, "not within 0.01 to 100");
      }
    },
    cpuAffinity: list(fields({ mask: uint64, group: uint32 })),
    storageOperationsPerSecond: uint64,
    storageBytesPerSecond: uint64,
    sandboxSizeBytes: uint64,
  }),
  (value, at) => {
    const limits = value as Record<string, unknown>;
    const [, second] = ["cpuCount", "cpuShares", "cpuMaximumPercent"].filter((field) =>
      limits[field] !== undefined
    );
    if (second) {
      refuse(
        `${at}.${second}`,
        "one of cpuCount, cpuShares and cpuMaximumPercent excludes the others",
      );
    }
  },
);

/**
 * Describes limits of a Windows container, for its spec or for an update.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.cpuShares`.
 */
export function windowsResources(options: WindowsResourceOptions): WindowsResources {
  resourceOptions(options, "options");
  return buildResources(options);
}

/** Turns checked options into limits. */
export function buildResources(options: WindowsResourceOptions): WindowsResources {
  const { cpuMaximumPercent } = options;
  return defined<WindowsResources>({
    memory: section({ limit: options.memoryLimitBytes }),
    cpu: section({
      count: options.cpuCount,
      shares: options.cpuShares,
      maximum: cpuMaximumPercent === undefined ? undefined : Math.round(cpuMaximumPercent * 100),
      affinity: options.cpuAffinity,
    }),
    storage: section({
      iops: options.storageOperationsPerSecond,
      bps: options.storageBytesPerSecond,
      sandboxSize: options.sandboxSizeBytes,
    }),
  });
}
