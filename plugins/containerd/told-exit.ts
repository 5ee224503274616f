import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ExitedStatus } from "../../src/exit-status.ts";
import { dateOf } from "./times.ts";

/** Where containerd tells how a process ended. */
interface ExitMessage {
  readonly exitStatus: number;
  readonly exitedAt?: Timestamp | undefined;
}

/** What containerd tells of an end: nothing of memory, and nothing of output. */
export function toldExit({ exitStatus: code, exitedAt }: ExitMessage): ExitedStatus {
  const at = dateOf(exitedAt);
  return { state: "exited", code, exitedAt: at, oomKilled: "unknown", truncated: false };
}
