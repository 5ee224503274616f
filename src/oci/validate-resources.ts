import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  limit,
  list,
  mapOf,
  matching,
  name,
  onlyFields,
  refuse,
  text,
  uint32,
  uint64,
} from "./check.ts";

/** Accepts the letters of an access to a device. */
export const deviceAccess: Check = matching(/^[rwm]*$/);

/** Accepts the number of a device, or -1 for any. */
export const deviceNumber: Check = limit;

const deviceRuleBy = (of: typeof fields): Check =>
  of({
    type: matching(/^[abc]?$/),
    major: deviceNumber,
    minor: deviceNumber,
    access: deviceAccess,
  }, { allow: boolean });

/** Accepts a rule that allows or denies devices. */
export const deviceRule: Check = deviceRuleBy(fields);

/** Accepts sizes of huge pages, such as `2MB`. */
export const hugepageSize: Check = matching(/^[1-9]\d*[KMGTP]?B$/);

/** Accepts files of cgroup v2 with their content. */
export const unified: Check = mapOf(text, matching(/^[^/]+$/));

/** Accepts weights of block devices. */
export const blockWeight: Check = integer(0, 1000);

const device = { major: deviceNumber, minor: deviceNumber };
const throttles = (of: typeof fields): Check => list(of({}, { ...device, rate: uint64 }));

const linux = (of: typeof fields): Check =>
  of({
    devices: list(deviceRuleBy(of)),
    memory: every(
      of({
        limit,
        reservation: limit,
        swap: limit,
        kernel: limit,
        kernelTCP: limit,
        swappiness: integer(0, 100),
        disableOOMKiller: boolean,
        useHierarchy: boolean,
        checkBeforeUpdate: boolean,
      }),
      (value, at) => {
        const { limit = 0, swap = 0 } = value as Record<string, number | bigint | undefined>;
        if (swap > 0 && swap < limit) {
          refuse(`${at}.swap`, `memory and swap together, ${swap}, is below the limit ${limit}`);
        }
      },
    ),
    cpu: of({
      shares: uint64,
      quota: limit,
      burst: uint64,
      period: uint64,
      realtimeRuntime: limit,
      realtimePeriod: uint64,
      cpus: text,
      mems: text,
      idle: integer(0, 1),
    }),
    pids: of({ limit }),
    blockIO: of({
      weight: blockWeight,
      leafWeight: blockWeight,
      weightDevice: list(of({ weight: blockWeight, leafWeight: blockWeight }, device)),
      throttleReadBpsDevice: throttles(of),
      throttleWriteBpsDevice: throttles(of),
      throttleReadIOPSDevice: throttles(of),
      throttleWriteIOPSDevice: throttles(of),
    }),
    hugepageLimits: list(of({}, { pageSize: hugepageSize, limit: uint64 })),
    network: of({
      classID: uint32,
      priorities: list(of({}, { name, priority: uint32 })),
    }),
    rdma: mapOf(of({ hcaHandles: uint32, hcaObjects: uint32 })),
    unified,
  });

const windows = (of: typeof fields): Check =>
  of({
    memory: of({ limit: uint64 }),
    cpu: of({
      count: uint64,
      shares: integer(0, 10_000),
      maximum: integer(0, 10_000),
      affinity: list(of({ mask: uint64, group: uint32 })),
    }),
    storage: of({ iops: uint64, bps: uint64, sandboxSize: uint64 }),
  });

/** Accepts what `LinuxResources` of the OCI spec describes. */
export const linuxLimits: Check = linux(fields);

/** Accepts what `WindowsResources` of the OCI spec describes. */
export const windowsLimits: Check = windows(fields);

/** As {@linkcode linuxLimits}, and nothing beside it. */
export const onlyLinuxLimits: Check = linux(onlyFields);

/** As {@linkcode windowsLimits}, and nothing beside it. */
export const onlyWindowsLimits: Check = windows(onlyFields);
