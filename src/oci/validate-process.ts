import { ALL_CAPABILITIES, type Capability } from "./capabilities.ts";
import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  list,
  matching,
  name,
  nonEmpty,
  oneOf,
  path,
  refuse,
  text,
  uint16,
  uint32,
  uint64,
} from "./check.ts";

/** Accepts the arguments of a process. */
export const args: Check = every(nonEmpty(text), (value, at) => {
  name((value as readonly string[])[0], `${at}[0]`);
});

/** Accepts environments: `NAME=value` each. */
export const env: Check = list(matching(/^[^=]+=/, "not of the form NAME=value"));

/** Accepts the name of a Linux capability. */
export const capability: Check = (value, at) => {
  text(value, at);
  if (!ALL_CAPABILITIES.includes(value as Capability)) refuse(at, `"${value}" is not a capability`);
};

/** Accepts the type of a resource limit. */
export const rlimitType: Check = matching(
  /^RLIMIT_(AS|CORE|CPU|DATA|FSIZE|LOCKS|MEMLOCK|MSGQUEUE|NICE|NOFILE|NPROC|RSS|RTPRIO|RTTIME|SIGPENDING|STACK)$/,
);

/** Accepts the range of the score that decides what the kernel ends for want of memory. */
export const oomScoreAdj: Check = integer(-1000, 1000);

/** Accepts users by their ids. */
export const user: Check = fields({
  uid: uint32,
  gid: uint32,
  umask: integer(0, 0o777),
  additionalGids: list(uint32),
  username: text,
});

/** Accepts resource limits by their soft and hard value. */
export const rlimit: Check = every(
  fields({}, { soft: uint64, hard: uint64 }),
  (value, at) => {
    const { soft, hard } = value as { soft: number | bigint; hard: number | bigint };
    if (soft > hard) refuse(`${at}.soft`, `${soft} is above the hard limit ${hard}`);
  },
);

const capabilities: Check = list(capability);

/** Accepts what `Process` of the OCI spec describes, for any operating system. */
export const process: Check = every(
  fields({
    terminal: boolean,
    consoleSize: fields({}, { height: uint16, width: uint16 }),
    user,
    args,
    commandLine: name,
    env,
    capabilities: fields({
      bounding: capabilities,
      effective: capabilities,
      inheritable: capabilities,
      permitted: capabilities,
      ambient: capabilities,
    }),
    rlimits: list(every(fields({}, { type: rlimitType }), rlimit), "type"),
    noNewPrivileges: boolean,
    apparmorProfile: text,
    oomScoreAdj,
    scheduler: fields({
      nice: integer(-20, 19),
      priority: integer(-0x8000_0000, 0x7fff_ffff),
      flags: list(matching(/^SCHED_FLAG_/)),
      runtime: uint64,
      deadline: uint64,
      period: uint64,
    }, {
      policy: matching(/^SCHED_(OTHER|FIFO|RR|BATCH|ISO|IDLE|DEADLINE)$/),
    }),
    selinuxLabel: text,
    ioPriority: fields({}, {
      class: oneOf("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"),
      priority: integer(0, 7),
    }),
    execCPUAffinity: fields({ initial: text, final: text }),
  }, { cwd: path }),
  (value, at) => {
    const { args, commandLine } = value as Record<string, unknown>;
    if (!args && !commandLine) refuse(`${at}.args`, "missing");
  },
);
