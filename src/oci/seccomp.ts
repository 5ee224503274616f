import type { Integer } from "./integer.ts";

/** What happens on a system call. */
export type SeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_NOTIFY";

/** How an argument is compared. */
export type SeccompOperator =
  | "SCMP_CMP_NE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_MASKED_EQ";

/** A filter of system calls. */
export interface LinuxSeccomp {
  /** What happens where no rule matches. */
  readonly defaultAction: SeccompAction;
  /** Error number for `SCMP_ACT_ERRNO` and `SCMP_ACT_TRACE`. Default: `EPERM`. */
  readonly defaultErrnoRet?: number | undefined;
  /** Architectures beside that of the kernel, for instance `SCMP_ARCH_X86_64`. */
  readonly architectures?: readonly string[] | undefined;
  /** Flags of `seccomp(2)`, for instance `SECCOMP_FILTER_FLAG_LOG`. */
  readonly flags?: readonly string[] | undefined;
  /** Path of the socket that gets the notifications of `SCMP_ACT_NOTIFY`. */
  readonly listenerPath?: string | undefined;
  /** Data for the listener. */
  readonly listenerMetadata?: string | undefined;
  /** The rules. */
  readonly syscalls?: readonly SeccompSyscall[] | undefined;
}

/** A rule of a filter. */
export interface SeccompSyscall {
  /** Names of the system calls, at least one. */
  readonly names: readonly string[];
  /** What happens. */
  readonly action: SeccompAction;
  /** Error number for `SCMP_ACT_ERRNO` and `SCMP_ACT_TRACE`. Default: `EPERM`. */
  readonly errnoRet?: number | undefined;
  /** Conditions on the arguments. */
  readonly args?: readonly SeccompArg[] | undefined;
}

/** A condition on an argument of a system call. */
export interface SeccompArg {
  /** Which one, 0 to 5. */
  readonly index: number;
  /** What it is compared with; for `SCMP_CMP_MASKED_EQ` the mask. */
  readonly value: Integer;
  /** For `SCMP_CMP_MASKED_EQ`: what the masked argument is compared with. */
  readonly valueTwo?: Integer | undefined;
  /** How it is compared. */
  readonly op: SeccompOperator;
}
