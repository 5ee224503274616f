import { longestDelayMs } from "../../src/longest-delay.ts";

/** Whether a call keeps the process alive while it is open. */
export type CallKind = "foreground" | "background";

/**
 * Keeps the process alive for a foreground call while it waits for a connection that is being made,
 * or for its turn on a full one. Neither does so of itself, for background calls wait there, too.
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
