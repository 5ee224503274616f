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
      /cannot [a-z]+ (?:in )?(?:an? |task in )?(?:created|running|paused|stopped|deleted)(?: state| process| container)?/,
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

/** The kind that a text of a server stands for; `unknown` if it is not in the table. */
export function codeFromText(text: string): ErrorCode {
  return errorTexts.find((row) => row.pattern.test(text))?.code ?? "unknown";
}
