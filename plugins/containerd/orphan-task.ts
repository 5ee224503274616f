import { Backoff } from "../../src/backoff.ts";
import { foregroundDelay } from "../../src/delay.ts";
import { isContainerError } from "../../src/errors.ts";
import { packJson } from "./any.ts";
import type { Exit } from "./exit-watch.ts";
import { containerSubject } from "./process-ref.ts";
import { type Send, type Session, unlessMissing } from "./session.ts";
import { SPEC_TYPE } from "./spec-type.ts";
import { endOf } from "./told-exit.ts";

const SIGKILL = 9;

/** A task by what its maker knows of it. */
export interface MadeTask {
  /** Its container, which may be gone. */
  readonly containerId: string;
  /** Process id of its first process. */
  readonly pid: number;
  /** Shim of its container. */
  readonly shim: string;
}

/** Whether containerd has found no record of a container, and so has not looked for its task. */
export function isWithoutRecord(error: unknown): boolean {
  return isContainerError(error, "not_found") && error.message.includes(" in namespace ");
}

/**
 * Removes a task whose container was removed by another client while the task was being made:
 * containerd lets go of the record and keeps the task, which no call reaches any more. So a record is
 * put in its place for the moment.
 *
 * @returns How it ended; `undefined` if there is no such task, or nobody knows how.
 */
export async function removeOrphan(
  session: Session,
  { containerId, pid, shim }: MadeTask,
  signal: AbortSignal,
): Promise<Exit | undefined> {
  const { containers, tasks } = session;
  const subject = containerSubject("delete task of", containerId);
  const list = await session.call(subject, (rpc) => tasks.list({}, rpc), { signal });
  if (!list.tasks.some((task) => task.id === containerId && task.pid === pid)) return undefined;
  const container = { id: containerId, runtime: { name: shim }, spec: packJson(SPEC_TYPE, {}) };
  let isOurs = true;
  try {
    await session.call(subject, (rpc) => containers.create({ container }, rpc), { signal });
  } catch (error) {
    // Somebody has made another one of this id, which serves as well.
    if (!isContainerError(error, "already_exists")) throw error;
    isOurs = false;
  }
  try {
    return await unlessMissing(end(session, containerId, signal));
  } finally {
    if (isOurs) {
      const remove = session.call(
        subject,
        (rpc) => containers.delete({ id: containerId }, rpc),
      );
      await unlessMissing(remove);
    }
  }
}

/** Kills a task, frozen or not, and deletes it as soon as it has ended. */
async function end(
  session: Session,
  containerId: string,
  signal: AbortSignal,
): Promise<Exit | undefined> {
  const { tasks } = session;
  const subject = containerSubject("delete task of", containerId);
  const call = <T>(send: Send<T>) => session.call(subject, send, { signal });
  const backoff = new Backoff();
  while (true) {
    const kill = { containerId, signal: SIGKILL, all: true };
    // Neither must succeed: it may not be frozen, or have ended.
    await Promise.allSettled([
      call((rpc) => tasks.kill(kill, rpc)),
      call((rpc) => tasks.resume({ containerId }, rpc)),
    ]);
    try {
      return endOf(await call((rpc) => tasks.delete({ containerId }, rpc)));
    } catch (error) {
      if (!isContainerError(error, "failed_precondition")) throw error;
      await foregroundDelay(backoff.next(), signal);
      signal.throwIfAborted();
    }
  }
}
