import type { Integer } from "./integer.ts";

/** A process of a container. */
export interface Process {
  /** Whether it has a terminal. Default: false. */
  readonly terminal?: boolean | undefined;
  /** Size of the terminal at the start. */
  readonly consoleSize?: ConsoleSize | undefined;
  /** Who it runs as. Default: user 0, group 0. */
  readonly user?: User | undefined;
  /** The executable and its arguments. Required but for a Windows process with `commandLine`. */
  readonly args?: readonly string[] | undefined;
  /** Windows: the whole command line; goes before `args`. */
  readonly commandLine?: string | undefined;
  /** Its environment, `NAME=value` each. */
  readonly env?: readonly string[] | undefined;
  /** Its working directory, an absolute path in the container. */
  readonly cwd: string;
  /** Linux: its capabilities. */
  readonly capabilities?: LinuxCapabilities | undefined;
  /** Linux: its resource limits, each type at most once. */
  readonly rlimits?: readonly Rlimit[] | undefined;
  /** Linux: whether it is kept from gaining privileges, for instance by set-user-id files. */
  readonly noNewPrivileges?: boolean | undefined;
  /** Linux: name of its AppArmor profile. */
  readonly apparmorProfile?: string | undefined;
  /** Linux: how willingly the kernel ends it for want of memory, -1000 to 1000. */
  readonly oomScoreAdj?: number | undefined;
  /** Linux: how it is scheduled. */
  readonly scheduler?: Scheduler | undefined;
  /** Linux: its SELinux label. */
  readonly selinuxLabel?: string | undefined;
  /** Linux: its priority for input and output. */
  readonly ioPriority?: IoPriority | undefined;
  /** Linux: which CPUs a further process of a container is moved to. */
  readonly execCPUAffinity?: CpuAffinity | undefined;
}

/** The size of a terminal, in character cells. */
export interface ConsoleSize {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** Who a process runs as. */
export interface User {
  /** User id in the container. Default: 0. */
  readonly uid?: number | undefined;
  /** Group id in the container. Default: 0. */
  readonly gid?: number | undefined;
  /** Mask for the mode of new files, 0 to 0o777. Default: that of the runtime. */
  readonly umask?: number | undefined;
  /** Further group ids. */
  readonly additionalGids?: readonly number[] | undefined;
  /** Windows: name of the user. */
  readonly username?: string | undefined;
}

/** The capability sets of a Linux process: names such as `CAP_CHOWN`. */
export interface LinuxCapabilities {
  /** What it can ever have. */
  readonly bounding?: readonly string[] | undefined;
  /** What the kernel checks. */
  readonly effective?: readonly string[] | undefined;
  /** What is kept over the start of another executable. */
  readonly inheritable?: readonly string[] | undefined;
  /** What it can make effective. */
  readonly permitted?: readonly string[] | undefined;
  /** What is kept over the start of another executable by a user other than root. */
  readonly ambient?: readonly string[] | undefined;
}

/** A resource limit of a process. */
export interface Rlimit {
  /** Which one, for instance `RLIMIT_NOFILE`. */
  readonly type: string;
  /** The ceiling; 2^64 - 1 is none. */
  readonly hard: Integer;
  /** The limit in force; at most `hard`. */
  readonly soft: Integer;
}

/** How the kernel schedules a process: the arguments of `sched_setattr(2)`. */
export interface Scheduler {
  /** The policy. */
  readonly policy:
    | "SCHED_OTHER"
    | "SCHED_FIFO"
    | "SCHED_RR"
    | "SCHED_BATCH"
    | "SCHED_ISO"
    | "SCHED_IDLE"
    | "SCHED_DEADLINE";
  /** Nice value for `SCHED_OTHER` and `SCHED_BATCH`, -20 to 19. */
  readonly nice?: number | undefined;
  /** Priority for `SCHED_FIFO` and `SCHED_RR`. */
  readonly priority?: number | undefined;
  /** Flags, for instance `SCHED_FLAG_RESET_ON_FORK`. */
  readonly flags?: readonly string[] | undefined;
  /** `SCHED_DEADLINE`: time to run in each period, in nanoseconds. */
  readonly runtime?: Integer | undefined;
  /** `SCHED_DEADLINE`: the deadline, in nanoseconds. */
  readonly deadline?: Integer | undefined;
  /** `SCHED_DEADLINE`: the period, in nanoseconds. */
  readonly period?: Integer | undefined;
}

/** The priority of a process for input and output. */
export interface IoPriority {
  /** The class: real-time, best-effort or idle. */
  readonly class: "IOPRIO_CLASS_RT" | "IOPRIO_CLASS_BE" | "IOPRIO_CLASS_IDLE";
  /** Within the class, 0 (first) to 7. */
  readonly priority: number;
}

/** Which CPUs a process runs on, as lists such as `0-3,7`. */
export interface CpuAffinity {
  /** While it joins the container. */
  readonly initial?: string | undefined;
  /** From then on. */
  readonly final?: string | undefined;
}
