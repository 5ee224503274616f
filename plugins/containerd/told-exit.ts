import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ExitedStatus } from "../../src/exit-status.ts";
import type { Exit } from "./exit-watch.ts";
import { dateOf } from "./times.ts";

/** Where containerd tells how a process ended. */
interface ExitMessage {
  readonly exitStatus: number;
  readonly exitedAt?: Timestamp | undefined;
}

/**
 * The end that containerd tells; `undefined` of a process that was removed before it was started, or
 * before its shim learnt of its end. Its code is 0 then, and its time that of Go's zero.
 */
export function endOf({ exitStatus: code, exitedAt }: ExitMessage): Exit | undefined {
  return exitedAt === undefined || exitedAt.seconds <= 0n
    ? undefined
    : { code, exitedAt: dateOf(exitedAt) };
}

/** As {@linkcode endOf}, completed. */
export function toldExit(message: ExitMessage): ExitedStatus | undefined {
  const end = endOf(message);
  return end && exitedStatus(end);
}

/** What an end is of which containerd tells nothing of memory, and nothing of output. */
export function exitedStatus(end: Exit): ExitedStatus {
  return { state: "exited", ...end, oomKilled: "unknown", truncated: false };
}
