import { Code, ConnectError } from "@connectrpc/connect";
import { resetError } from "./reset.ts";
import type { Session } from "./session.ts";

/** The error of a call that its caller ended; the reason is its cause. */
export function canceled(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) return reason;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new ConnectError(text, Code.Canceled, undefined, undefined, reason);
}

/** The error of a call whose stream ended without a status. */
export function unanswered(
  session: Session,
  resetCode: number | undefined,
  cause?: unknown,
): ConnectError {
  return session.alive ? resetError(resetCode, cause) : session.lost(cause);
}
