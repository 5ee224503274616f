import { abortable } from "../../src/abort.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import {
  type CallOptions,
  type DeleteOptions,
  INIT_PROCESS,
  type KillOptions,
  type ProcessStatus,
} from "../../src/runtime.ts";
import { Backoff } from "./backoff.ts";
import { foregroundDelay } from "./delay.ts";
import type { ExitWatch } from "./exit-watch.ts";
import { holdProcess } from "./hold-process.ts";
import { unblocked } from "./leftovers.ts";
import { Patience } from "./patience.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import type { ProcessStdio } from "./process-stdio.ts";
import { type Session, type Subject, unlessMissing } from "./session.ts";
import { isOfGoingShim } from "./task-look.ts";
import { dateOf } from "./times.ts";

const SIGKILL = 9;

/** How often a forced removal begins again when the process changes its state under it. */
const ATTEMPTS = 4;

/** What the removal of a process needs of it. */
export interface RemovableProcess {
  /** Its ids. */
  readonly ref: ProcessRef;
  /** How it ends. */
  readonly watch: ExitWatch;
  /** Its streams. */
  readonly stdio: ProcessStdio;
  /** Its start, while that is under way. */
  starting(): Promise<void> | undefined;
  /** Asks for its state. */
  status(options: CallOptions): Promise<ProcessStatus>;
  /** Sends a signal. */
  kill(signal: number, options: KillOptions): Promise<void>;
  /** Lets it run, if it is frozen. */
  thaw(options: CallOptions): Promise<void>;
  /** Removes what cannot outlive its record. */
  beforeRemoval(): Promise<void>;
  /** Called when its record is removed. */
  onRemoved(): void;
}

/** Removes the record of one process, after its end, and all that was made for it. */
export class ProcessRemoval {
  readonly #session: Session;
  readonly #process: RemovableProcess;
  readonly #subject: Subject;
  #removal: Promise<void> | undefined;

  /** @param process What is removed. */
  constructor(session: Session, process: RemovableProcess) {
    this.#session = session;
    this.#process = process;
    this.#subject = processSubject("delete", process.ref);
  }

  /** Removes it; for any number of callers. */
  async run({ force = false, signal }: DeleteOptions): Promise<ExitStatus> {
    signal?.throwIfAborted();
    const release = holdProcess();
    try {
      const remove = () => this.#untilRemoved(force, signal);
      // A call that is not answered may be one of a shim that waits for a client that was killed.
      await (force ? unblocked(this.#session, this.#process.ref.containerId, remove) : remove());
      return await this.#process.watch.exited;
    } finally {
      release();
    }
  }

  /**
   * With `force` again when it fails: another client may start it, or remove it, at the same time,
   * and the shim of a task that is being removed answers with whatever its connection breaks with.
   */
  async #untilRemoved(force: boolean, signal: AbortSignal | undefined): Promise<void> {
    const backoff = new Backoff();
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#attempt(force, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!force || attempt === ATTEMPTS || !isPassing(error)) throw error;
        await foregroundDelay(backoff.next(), signal);
        signal?.throwIfAborted();
      }
    }
  }

  async #attempt(force: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { watch } = this.#process;
    let stuck: string | undefined;
    if (!watch.over) stuck = await this.#prepare(force, signal);
    // The output is read before the shim, which holds it, is told to forget the process.
    if (watch.over) await abortable(watch.exited, signal);
    // Only one Delete is under way at a time, whoever asked for it: the next finds nothing.
    const removal = this.#removal ??= this.#remove(force, stuck).catch((error: unknown) => {
      this.#removal = undefined;
      throw error;
    });
    // It goes on when the caller aborts; the session is not closed before.
    this.#session.cleanups.add(() => removal);
    await abortable(removal, signal);
  }

  /**
   * Brings the process to where it can be deleted, or throws.
   *
   * @returns What did not happen in time, if something did not.
   */
  async #prepare(force: boolean, signal: AbortSignal | undefined): Promise<string | undefined> {
    const budgetMs = force ? this.#session.options.removalBudgetMs : Infinity;
    const patience = new Patience(this.#session, this.#subject, { budgetMs, signal });
    try {
      return await this.#end(force, patience);
    } finally {
      patience.end();
    }
  }

  async #end(force: boolean, patience: Patience): Promise<string | undefined> {
    const { ref, watch } = this.#process;
    const starting = this.#process.starting();
    const status = await this.#look(patience);
    if (status === undefined) {
      if (force) return undefined;
      throw this.#session.notFound(this.#subject, "not found");
    }
    const { state, pid } = status;
    // The first process of a checkpoint has no pid before it is started, and its end would be waited
    // for in vain.
    if (state === "created" && (ref.processId !== INIT_PROCESS || pid === 0)) {
      if (starting === undefined) return undefined;
      // A Start that nobody waits for any more brings it to life after this look at it, and then
      // the deletion would fail.
      await patience.take("its start", () => starting);
      return await this.#end(force, patience);
    }
    if (state !== "created" && state !== "stopped") {
      if (!force) throw this.#wrongState(state);
      if (state !== "running") await this.#thaw(patience);
    }
    if (state === "stopped") {
      await patience.take("the wait for its end", (cut) => this.#ended(cut));
      return undefined;
    }
    // A task that was never started is killed, too: deleting it alone waits for its output, which
    // takes the shim 2 s (containerd 1.6, 1.7) or 10 s (2.1).
    await patience.take(
      "SIGKILL",
      (cut) => unlessMissing(this.#process.kill(SIGKILL, { signal: cut })),
    );
    const waitMs = patience.budgetMs / 2;
    if (await this.#endedWithin(waitMs, patience)) return undefined;
    // Its end may have passed unseen, with the shim that knew it.
    const after = await this.#look(patience);
    if (after === undefined || watch.over) return undefined;
    return after.state === "stopped"
      ? `its end was not told within ${waitMs} ms`
      : `it is ${after.state} ${waitMs} ms after SIGKILL`;
  }

  #look(patience: Patience): Promise<ProcessStatus | undefined> {
    return patience.take(
      "the question for its state",
      (cut) => unlessMissing(this.#process.status({ signal: cut })),
    );
  }

  /** A shim tells "paused" late, and "unknown" of one that is not. */
  async #thaw(patience: Patience): Promise<void> {
    try {
      await patience.take("the thaw", (cut) => this.#process.thaw({ signal: cut }));
    } catch (error) {
      if (!isContainerError(error, "failed_precondition")) throw error;
    }
  }

  /** Its end; rejects when the session is closed before. */
  async #ended(signal: AbortSignal): Promise<ExitStatus> {
    return await untilEnded(this.#session, this.#process.watch, {
      subject: this.#subject,
      signal,
    });
  }

  async #endedWithin(waitMs: number, patience: Patience): Promise<boolean> {
    const { watch } = this.#process;
    return await patience.take("the wait for its end", async (cut) => {
      const enough = new AbortController();
      const timer = Number.isFinite(waitMs) ? setTimeout(() => enough.abort(), waitMs) : undefined;
      try {
        await this.#ended(AbortSignal.any([cut, enough.signal]));
        return true;
      } catch (error) {
        // Once it is known, its output is read within a budget of its own.
        if (!enough.signal.aborted || cut.aborted) throw error;
        return watch.over;
      } finally {
        clearTimeout(timer);
      }
    });
  }

  async #remove(force: boolean, stuck: string | undefined): Promise<void> {
    const { ref, watch, stdio } = this.#process;
    const { tasks } = this.#session;
    const ids = execIds(ref);
    await this.#process.beforeRemoval();
    const { removalBudgetMs: budgetMs } = this.#session.options;
    const patience = new Patience(this.#session, this.#subject, { budgetMs });
    try {
      const response = await patience.take("the deletion", (cut) =>
        this.#session.call(
          this.#subject,
          (rpc) =>
            ref.processId === INIT_PROCESS ? tasks.delete(ids, rpc) : tasks.deleteProcess(ids, rpc),
          { signal: cut },
        ));
      watch.settle({ code: response.exitStatus, exitedAt: dateOf(response.exitedAt) });
    } catch (error) {
      // Somebody else has removed the record: what was asked for has come to be.
      const isGone = isContainerError(error, "not_found") && (force || watch.over);
      if (!isGone) {
        throw stuck === undefined || isOfGoingShim(error) ? error : patience.stuck(stuck, error);
      }
      watch.lose("removed by somebody else");
    } finally {
      patience.end();
    }
    await watch.exited;
    await stdio.close();
    this.#process.onRemoved();
  }

  #wrongState(state: string): ContainerError {
    const { action, ...ids } = this.#subject;
    return new ContainerError("failed_precondition", `${action}: ${state}`, {
      ...ids,
      plugin: this.#session.options.id,
    });
  }
}

/** Waits for the end of a process; rejects when the session is closed before. */
export async function untilEnded(
  session: Session,
  watch: ExitWatch,
  { subject, signal }: { readonly subject: Subject; readonly signal: AbortSignal | undefined },
): Promise<ExitStatus> {
  const closed = Promise.withResolvers<never>();
  const forget = session.onClosing(() => closed.reject(session.closedError(subject)));
  try {
    return await abortable(Promise.race([watch.exited, closed.promise]), signal);
  } finally {
    forget();
  }
}

/** Whether an error is one of a moment, so that the next look at the process tells what it is. */
function isPassing(error: unknown): boolean {
  return isOfGoingShim(error) || isContainerError(error, "failed_precondition") ||
    isContainerError(error, "not_found") || isContainerError(error, "unknown");
}
