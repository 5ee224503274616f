import type { StdioLeftovers } from "../../src/stdio.ts";
import { foregroundDelay } from "../../src/delay.ts";
import type { Session } from "./session.ts";

/** How long a step may take before its shim is taken for one that waits, in milliseconds. */
const ORDINARY_MS = 250;

/**
 * After what time a step that is still not answered is helped again, in milliseconds: pipes that
 * were made just before are left alone at first.
 */
const AGAIN_MS = 1000;

/** Whose shims are helped; see {@linkcode StdioLeftovers.unblock}. */
export type Unblocked = Parameters<StdioLeftovers["unblock"]>[0];

/**
 * What the driver of the streams has of a container now; `undefined` without one that knows, or if
 * it fails: what is left behind must not keep anybody from going on. Never rejects.
 */
export async function leftoversOf(
  session: Session,
  containerId: string,
): Promise<StdioLeftovers | undefined> {
  const { stdio, namespace } = session.options;
  try {
    return await stdio?.leftovers?.({ namespace, containerId });
  } catch {
    return undefined;
  }
}

/**
 * Takes a step on a container. If it takes long, its shim may wait for the other end of a pipe whose
 * client was killed, and with it every call about the container, for 30 s: then it is let go, until
 * the step has ended.
 */
export async function unblocked<T>(
  session: Session,
  { containerId, which }: { readonly containerId: string; readonly which: Unblocked },
  step: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  // Not waited for: it ends at once, and a driver that hangs is not the caller's concern.
  unblock(session, { containerId, which, over: over.signal });
  try {
    return await step();
  } finally {
    over.abort();
  }
}

/** Never rejects. */
async function unblock(
  session: Session,
  options: {
    readonly containerId: string;
    readonly which: Unblocked;
    readonly over: AbortSignal;
  },
): Promise<void> {
  const { containerId, which, over } = options;
  const held: StdioLeftovers[] = [];
  for (let delayMs = ORDINARY_MS;; delayMs = AGAIN_MS) {
    await foregroundDelay(delayMs, over);
    if (over.aborted) break;
    const left = await leftoversOf(session, containerId);
    if (left === undefined || over.aborted) continue;
    held.push(left);
    left.unblock(which);
  }
  for (const left of held) left.release();
}
