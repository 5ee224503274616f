/** The name of a Linux capability. */
export type Capability =
  | "CAP_CHOWN"
  | "CAP_DAC_OVERRIDE"
  | "CAP_DAC_READ_SEARCH"
  | "CAP_FOWNER"
  | "CAP_FSETID"
  | "CAP_KILL"
  | "CAP_SETGID"
  | "CAP_SETUID"
  | "CAP_SETPCAP"
  | "CAP_LINUX_IMMUTABLE"
  | "CAP_NET_BIND_SERVICE"
  | "CAP_NET_BROADCAST"
  | "CAP_NET_ADMIN"
  | "CAP_NET_RAW"
  | "CAP_IPC_LOCK"
  | "CAP_IPC_OWNER"
  | "CAP_SYS_MODULE"
  | "CAP_SYS_RAWIO"
  | "CAP_SYS_CHROOT"
  | "CAP_SYS_PTRACE"
  | "CAP_SYS_PACCT"
  | "CAP_SYS_ADMIN"
  | "CAP_SYS_BOOT"
  | "CAP_SYS_NICE"
  | "CAP_SYS_RESOURCE"
  | "CAP_SYS_TIME"
  | "CAP_SYS_TTY_CONFIG"
  | "CAP_MKNOD"
  | "CAP_LEASE"
  | "CAP_AUDIT_WRITE"
  | "CAP_AUDIT_CONTROL"
  | "CAP_SETFCAP"
  | "CAP_MAC_OVERRIDE"
  | "CAP_MAC_ADMIN"
  | "CAP_SYSLOG"
  | "CAP_WAKE_ALARM"
  | "CAP_BLOCK_SUSPEND"
  | "CAP_AUDIT_READ"
  | "CAP_PERFMON"
  | "CAP_BPF"
  | "CAP_CHECKPOINT_RESTORE";

/**
 * The names of all Linux capabilities, in the order of their numbers.
 *
 * @see https://man7.org/linux/man-pages/man7/capabilities.7.html
 */
export const ALL_CAPABILITIES: readonly Capability[] =
  ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO " +
    "SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME " +
    "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG " +
    "WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE").split(" ").map((name) =>
      `CAP_${name}` as Capability
    );

/**
 * The capabilities of a Linux container that asks for nothing else.
 *
 * @see containerd pkg/oci/spec.go `defaultUnixCaps`
 */
export const DEFAULT_CAPABILITIES: readonly Capability[] =
  ("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP " +
    "NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE").split(" ").map((name) =>
      `CAP_${name}` as Capability
    );
