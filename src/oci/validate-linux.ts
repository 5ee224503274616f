import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  list,
  mapOf,
  matching,
  MAX_INT64,
  MAX_UINT32,
  name,
  nonEmpty,
  oneOf,
  refuse,
  text,
  uint32,
  uint64,
  unixPath,
} from "./check.ts";
import { linuxLimits } from "./validate-resources.ts";

/** Accepts ranges of mapped ids. */
export const idMappings: Check = list(
  fields({}, { containerID: uint32, hostID: uint32, size: integer(1, MAX_UINT32) }),
);

/** Accepts the propagation of the root's mounts. */
export const propagation: Check = matching(/^(r?(shared|slave|private|unbindable))?$/);

const action: Check = matching(
  /^SCMP_ACT_(KILL(_PROCESS|_THREAD)?|TRAP|ERRNO|TRACE|ALLOW|LOG|NOTIFY)$/,
);

/** Accepts filters of system calls. */
export const seccomp: Check = fields({
  defaultErrnoRet: uint32,
  architectures: list(matching(/^SCMP_ARCH_\w+$/)),
  flags: list(matching(/^SECCOMP_FILTER_FLAG_\w+$/)),
  listenerPath: text,
  listenerMetadata: text,
  syscalls: list(
    fields({
      errnoRet: uint32,
      args: list(
        fields({ valueTwo: uint64 }, {
          index: integer(0, 5),
          value: uint64,
          op: matching(/^SCMP_CMP_([NLG]E|[LG]T|(MASKED_)?EQ)$/),
        }),
      ),
    }, { names: nonEmpty(name), action }),
  ),
}, { defaultAction: action });

const deviceNumber: Check = integer(0, MAX_UINT32);

/** Accepts nodes of devices. */
export const devices: Check = list(every(
  fields({
    major: deviceNumber,
    minor: deviceNumber,
    fileMode: uint32,
    uid: uint32,
    gid: uint32,
  }, { path: unixPath, type: oneOf("b", "c", "u", "p") }),
  (value, at) => {
    const device = value as Record<string, unknown>;
    if (device["type"] === "p") return;
    for (const field of ["major", "minor"]) {
      if (device[field] === undefined) refuse(`${at}.${field}`, "missing");
    }
  },
));

const timeOffset: Check = fields({
  // The lowest signed integer of 64 bits is a power of two, so it is exact as a number.
  secs: integer(-(2 ** 63), MAX_INT64),
  nanosecs: integer(0, 999_999_999),
});

/** Accepts what `Linux` of the OCI spec describes. */
export const linux: Check = fields({
  uidMappings: idMappings,
  gidMappings: idMappings,
  sysctl: mapOf(text),
  resources: linuxLimits,
  cgroupsPath: text,
  namespaces: list(
    fields({ path: matching(/^(\/|$)/, "not an absolute path") }, {
      type: oneOf("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"),
    }),
    "type",
  ),
  devices,
  netDevices: mapOf(fields({ name: text })),
  seccomp,
  rootfsPropagation: propagation,
  maskedPaths: list(unixPath),
  readonlyPaths: list(unixPath),
  mountLabel: text,
  intelRdt: fields({
    closID: text,
    schemata: list(text),
    l3CacheSchema: text,
    memBwSchema: text,
    enableMonitoring: boolean,
    enableCMT: boolean,
    enableMBM: boolean,
  }),
  memoryPolicy: fields({ flags: list(matching(/^MPOL_F_/)) }, {
    mode: matching(/^MPOL_/),
    nodes: text,
  }),
  personality: fields({ flags: list(text) }, { domain: oneOf("LINUX", "LINUX32") }),
  timeOffsets: mapOf(timeOffset, oneOf("boottime", "monotonic")),
});
