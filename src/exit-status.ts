/** How a process ended. */
export type ExitStatus = ExitedStatus | LostStatus;

/** The process ended and its code is known. */
export interface ExitedStatus {
  /** The code is known. */
  readonly state: "exited";
  /** Exit code, 0 to 255; 128 + number for a process that was ended by a signal. */
  readonly code: number;
  /** When it ended, by the clock of the runtime's host. */
  readonly exitedAt: Date;
  /**
   * Whether the kernel ended a process of the container for want of memory. `"unknown"` where nobody
   * was asked: of an event of an end that was not by SIGKILL, unless an `oom` came before it.
   */
  readonly oomKilled: boolean | "unknown";
  /** Whether output was cut, because something held it open longer than the drain budget. */
  readonly truncated: boolean;
}

/** The process is gone and nobody knows its code; a broken connection never leads here. */
export interface LostStatus {
  /** The code is not known. */
  readonly state: "lost";
  /** What is known about the loss. */
  readonly reason: string;
  /** When the loss was noticed, by the clock of this host. */
  readonly noticedAt: Date;
}
