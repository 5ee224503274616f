import type { ErrorCode } from "../../src/errors.ts";

/** One text of a server that has a kind of its own although it was sent as `unknown`. */
export interface ErrorText {
  /** What the text must contain. */
  readonly pattern: RegExp;
  /** The kind it stands for. */
  readonly code: ErrorCode;
  /** A real text, as a server sends it. */
  readonly example: string;
}

/**
 * Texts of containerd, its shims, runc and hcsshim that arrive as `unknown`, because somewhere on
 * the way the kind was lost: a shim error that was wrapped with `%v`, or the text of a command.
 * The first row that matches decides. This is the only place that reads error texts.
 */
export const errorTexts: readonly ErrorText[] = [
  // Go's errdefs end a text with their kind when an error was wrapped.
  {
    pattern: /(?:^|: )not found$/,
    code: "not_found",
    example: "process already finished: not found",
  },
  {
    pattern: /(?:^|: )already exists$/,
    code: "already_exists",
    example: 'task "web": already exists',
  },
  {
    pattern: /(?:^|: )failed precondition$/,
    code: "failed_precondition",
    example: "process not created: failed precondition",
  },
  {
    pattern: /(?:^|: )invalid argument$/,
    code: "invalid_argument",
    example: "namespace: invalid argument",
  },
  {
    pattern: /(?:^|: )not implemented$/,
    code: "unimplemented",
    example: "update: not implemented",
  },
  {
    pattern: /(?:^|: )unavailable$/,
    code: "unavailable",
    example: "shim connection: unavailable",
  },
  // What a container is made from, or run by, is not on the daemon's host.
  {
    pattern: /binary not installed|invalid custom binary path/,
    code: "not_found",
    example:
      'failed to start shim: failed to resolve runtime path: runtime "io.containerd.nope.v1" binary not installed "containerd-shim-nope-v1": file does not exist',
  },
  {
    pattern:
      /unable to retrieve OCI runtime error .*: (?:executable file not found|fork\/exec .*: no such file)/,
    code: "not_found",
    example:
      'failed to create shim task: OCI runtime create failed: unable to retrieve OCI runtime error (open /run/log.json: no such file or directory): exec: "runc": executable file not found in $PATH: unknown',
  },
  {
    pattern: /invalid rootfs: .*no such file or directory/,
    code: "not_found",
    example:
      "OCI runtime create failed: runc create failed: invalid rootfs: stat /srv/web: no such file or directory: unknown",
  },
  // The process, or the container, of a call is gone.
  {
    pattern: /process already finished|no such process/,
    code: "not_found",
    example: "unable to signal init: os: process already finished: unknown",
  },
  {
    pattern: /container .*does not exist|no such container|process does not exist/,
    code: "not_found",
    example: "runc did not terminate successfully: container does not exist: unknown",
  },
  {
    pattern: /no running task found|container not created/,
    code: "not_found",
    example: "no running task found: task web: unknown",
  },
  // Something of that name is there.
  {
    pattern: /container with (?:given )?id .*exists|container with given ID already exists/i,
    code: "already_exists",
    example: "OCI runtime create failed: container with given ID already exists: unknown",
  },
  {
    // Two clients make the task of one container at the same time.
    pattern: /(?:^|: )mkdir .*: file exists$/,
    code: "already_exists",
    example: "mkdir /run/containerd/io.containerd.runtime.v2.task/default/web: file exists",
  },
  // The object is in a state that does not allow it.
  {
    pattern: /container (?:is )?not running|container that has stopped|stopped container/,
    code: "failed_precondition",
    example: "OCI runtime pause failed: container not running: unknown",
  },
  {
    pattern:
      /cannot [a-z]+ (?:in )?(?:an? )?(?:task in )?(?:created|running|paused|stopped|deleted)(?: state| process| container)?/,
    code: "failed_precondition",
    example: "cannot delete a running process: unknown",
  },
  {
    pattern: /container (?:is )?not paused|container must be created|init process is not running/,
    code: "failed_precondition",
    example: "OCI runtime resume failed: container not paused: unknown",
  },
  // The program of a process cannot be run: moby's isInvalidCommand and exit codes 126 and 127.
  {
    pattern: /executable file not found|system cannot find the file specified/i,
    code: "invalid_argument",
    example:
      'OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
  },
  {
    pattern:
      /(?:unable to start container process|exec failed|exec): .*(?:no such file or directory|permission denied|is a directory|not a directory|exec format error)/,
    code: "invalid_argument",
    example:
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "/etc": is a directory: unknown',
  },
  // The spec asks for what there is not, or for what is out of bounds.
  {
    pattern: /invalid rootfs: |error mounting "|namespace path: |uids and gids must be in range/,
    code: "invalid_argument",
    example:
      'unable to start container process: error during container init: error mounting "nope" to rootfs at "/mnt": mount nope:/mnt (via /proc/self/fd/6): no such device: unknown',
  },
  {
    pattern:
      /unable to set memory limit|setting rlimit|sysctl ".*" is not|apparmor failed to apply/,
    code: "invalid_argument",
    example:
      'OCI runtime create failed: runc create failed: sysctl "vm.swappiness" is not in a separate kernel namespace: unknown',
  },
  {
    pattern:
      /failed to write .*\/sys\/fs\/cgroup\/.*: (?:invalid argument|numerical result out of range)|invalid configuration: /,
    code: "invalid_argument",
    example:
      'runc did not terminate successfully: exit status 1: failed to write "900": write /sys/fs/cgroup/cpuset/web/cpuset.cpus: numerical result out of range: unknown',
  },
  {
    pattern: /selinux label is specified in config, but|error running hook|error running \w+ hook/,
    code: "failed_precondition",
    example:
      "error during container init: error running hook #0: error running hook: exit status 1, stdout: , stderr:: unknown",
  },
  {
    pattern:
      /failed to create init process I\/O: .*(?:no such file or directory|not found|permission denied)/,
    code: "invalid_argument",
    example:
      "failed to create init process I/O: failed to start binary process: fork/exec /no/such/logger: no such file or directory",
  },
  {
    pattern: /runtime restore failed: open .*: no such file or directory/,
    code: "invalid_argument",
    example:
      "OCI runtime restore failed: open /tmp/ctrd-checkpoint1/descriptors.json: no such file or directory: unknown",
  },
  // The way to the shim broke, or took too long.
  {
    pattern: /ttrpc: closed|connection refused|broken pipe|transport is closing/,
    code: "unavailable",
    example: "ttrpc: closed: unknown",
  },
  {
    pattern: /context canceled/,
    code: "unavailable",
    example: "context canceled: unknown",
  },
  {
    pattern: /context deadline exceeded/,
    code: "deadline_exceeded",
    example: "context deadline exceeded: unknown",
  },
  {
    pattern: /no space left on device|too many open files/,
    code: "resource_exhausted",
    example: "mkdir /run/containerd/task/web: no space left on device: unknown",
  },
];

/**
 * A text of a server in one line, without the `: unknown` that containerd before 2.0 ends those with
 * whose kind was lost.
 */
export function plainText(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").trim().replace(/\s*: unknown$/, "");
}

/** The kind that a text of a server stands for; `unknown` if it is not in the table. */
export function codeFromText(text: string): ErrorCode {
  const plain = plainText(text);
  return errorTexts.find((row) => row.pattern.test(plain))?.code ?? "unknown";
}
