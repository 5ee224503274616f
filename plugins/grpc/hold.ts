import { longestDelayMs } from "../rpc/number-option.ts";

/** Whether a call keeps the process alive while it is open. */
export type CallKind = "foreground" | "background";

/**
 * Waits for what keeps the process alive for nobody, and does so itself for a call that should: a
 * connection that is being made, or a stream that is to become free.
 */
export async function holding<T>(kind: CallKind, waited: Promise<T>): Promise<T> {
  if (kind === "background") return await waited;
  const timer = setInterval(() => {}, longestDelayMs);
  try {
    return await waited;
  } finally {
    clearInterval(timer);
  }
}
