import { ConnectError } from "@connectrpc/connect";
import type { GetResponse } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { isRetryable } from "../rpc/errors.ts";
import { Backoff } from "./backoff.ts";
import { foregroundDelay } from "./delay.ts";
import { unblocked } from "./leftovers.ts";
import { Patience } from "./patience.ts";
import type { Session, Subject } from "./session.ts";

/** How often a shim that is just going away is asked about, before its error is an answer. */
const ATTEMPTS = 6;

/**
 * Asks for the state of a process. A shim that is just going away answers with errors of its
 * connection; asked about again, it is gone.
 *
 * @throws {ContainerError} `not_found` if there is none, `deadline_exceeded` if its shim is stuck.
 */
export async function lookAt(
  session: Session,
  subject: Subject,
  ids: { readonly containerId: string; readonly execId?: string },
  { signal }: CallOptions,
): Promise<GetResponse> {
  const { removalBudgetMs: budgetMs } = session.options;
  const patience = new Patience(session, subject, { budgetMs, signal });
  const look = (cut: AbortSignal) =>
    session.call(subject, (rpc) => session.tasks.get(ids, rpc), { signal: cut });
  const backoff = new Backoff();
  try {
    return await unblocked(session, ids.containerId, async () => {
      for (let attempt = 1;; attempt++) {
        try {
          return await patience.take("the question for its state", look);
        } catch (error) {
          if (attempt === ATTEMPTS || !isOfGoingShim(error)) throw error;
          await patience.take("it", (cut) => foregroundDelay(backoff.next(), cut));
        }
      }
    });
  } finally {
    patience.end();
  }
}

/** Whether the daemon itself says that it has no connection to a shim, which then is on its way out. */
export function isOfGoingShim(error: unknown): boolean {
  if (!isContainerError(error, "unavailable")) return false;
  const { cause } = error;
  const isOwn = cause instanceof ConnectError && isContainerError(cause.cause);
  return cause instanceof ConnectError && !isOwn && !isRetryable(cause);
}
