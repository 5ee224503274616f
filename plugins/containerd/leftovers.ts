import type { StdioLeftovers } from "../../src/stdio.ts";
import type { Session } from "./session.ts";

/** What the driver of the streams has of a container now; see {@linkcode StdioLeftovers}. */
export async function leftoversOf(
  session: Session,
  containerId: string,
): Promise<StdioLeftovers | undefined> {
  const { stdio, namespace } = session.options;
  return await stdio?.leftovers?.({ namespace, containerId });
}

/** How long a step may take before its shim is taken for one that waits, in milliseconds. */
const ORDINARY_MS = 250;

/**
 * Takes a step on a container. If it takes long, its shim may wait for the other end of a pipe whose
 * client was killed, and with it every call about the container, for 30 s: then that pipe is held
 * open until the step has ended.
 */
export async function unblocked<T>(
  session: Session,
  containerId: string,
  step: () => Promise<T>,
): Promise<T> {
  let left: Promise<StdioLeftovers | undefined> | undefined;
  const timer = setTimeout(() => {
    left = leftoversOf(session, containerId).catch(() => undefined);
  }, ORDINARY_MS);
  try {
    return await step();
  } finally {
    clearTimeout(timer);
    (await left)?.release();
  }
}
