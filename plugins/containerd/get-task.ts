import { ConnectError } from "@connectrpc/connect";
import type { GetResponse } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { isRetryable } from "../rpc/errors.ts";
import { Backoff } from "../../src/backoff.ts";
import { Deadline } from "./deadline.ts";
import { foregroundDelay } from "../../src/delay.ts";
import { type Unblocked, unblocked } from "./leftovers.ts";
import type { ContainerSubject } from "./process-ref.ts";
import { type Session, unlessMissing } from "./session.ts";

/** How often a shim that is just going away is asked about, before its error is an answer. */
const ATTEMPTS = 6;

/**
 * How long a shim without a process is taken for one whose Create is still under way, in
 * milliseconds.
 */
const UNMADE_MS = 2000;

/** What {@linkcode getTask} takes. */
export interface GetTaskOptions extends CallOptions {
  /** How long it may take, in milliseconds. Default: as long as the caller waits. */
  readonly budgetMs?: number;
  /**
   * Whose shims are let go that wait for a client that was killed. Default: those of further
   * processes, which loses nothing. For `all` of them a shim without a process is waited for, too,
   * and ended if it stays so.
   */
  readonly which?: Unblocked;
}

/**
 * Asks for the task of a container. A shim that is just going away answers with errors of its
 * connection; asked about again, it is gone.
 *
 * @throws {ContainerError} `not_found` if there is none, `deadline_exceeded` if its shim is stuck.
 */
export async function getTask(
  session: Session,
  subject: ContainerSubject,
  { signal, budgetMs = Infinity, which = "further" }: GetTaskOptions = {},
): Promise<GetResponse> {
  const { containerId } = subject;
  const deadline = new Deadline(session, subject, budgetMs);
  const what = "the question for its state";
  const get = (cut: AbortSignal) =>
    session.call(subject, (rpc) => session.tasks.get({ containerId }, rpc), { signal: cut });
  const endShim = (cut: AbortSignal) =>
    unlessMissing(
      session.call(subject, (rpc) => session.tasks.delete({ containerId }, rpc), { signal: cut }),
    );
  const unmadeUntil = performance.now() + UNMADE_MS;
  const backoff = new Backoff();
  try {
    return await unblocked(session, { containerId, which }, async () => {
      for (let attempt = 1;; attempt++) {
        try {
          return await deadline.take(what, get, { signal });
        } catch (error) {
          if (which === "all" && isUnmade(error)) {
            if (performance.now() > unmadeUntil) {
              await deadline.take("the end of its shim", (cut) => endShim(cut), { signal });
              throw error;
            }
            attempt = 0;
            await deadline.take(what, (cut) => foregroundDelay(backoff.next(), cut), { signal });
            continue;
          }
          if (attempt === ATTEMPTS || !isOfGoingShim(error)) throw error;
          await deadline.take(what, (cut) => foregroundDelay(backoff.next(), cut), { signal });
        }
      }
    });
  } finally {
    deadline.end();
  }
}

/**
 * Whether there is a shim that has no process: not yet, because another client's Create is under way,
 * or no longer, because the Delete of one whose connection broke was not completed.
 */
export function isUnmade(error: unknown): boolean {
  return isContainerError(error, "not_found") && error.message.includes("container not created");
}

/** Whether the daemon itself says that it has no connection to a shim, which then is on its way out. */
export function isOfGoingShim(error: unknown): boolean {
  if (!isContainerError(error, "unavailable")) return false;
  const { cause } = error;
  const isOwn = cause instanceof ConnectError && isContainerError(cause.cause);
  return cause instanceof ConnectError && !isOwn && !isRetryable(cause);
}
