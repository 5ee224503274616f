/**
 * The names of all Linux capabilities, in the order of their numbers.
 *
 * @see https://man7.org/linux/man-pages/man7/capabilities.7.html
 */
export const ALL_CAPABILITIES: readonly string[] =
  ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO " +
    "SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME " +
    "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG " +
    "WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE").split(" ").map((name) =>
      `CAP_${name}`
    );

/**
 * The capabilities of a Linux container that asks for nothing else.
 *
 * @see containerd pkg/oci/spec.go `defaultUnixCaps`
 */
export const DEFAULT_CAPABILITIES: readonly string[] =
  ("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP " +
    "NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE").split(" ").map((name) => `CAP_${name}`);
