import { abortable } from "../../src/abort.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import {
  type CallOptions,
  type DeleteOptions,
  INIT_PROCESS,
  type KillOptions,
  type ProcessStatus,
} from "../../src/runtime.ts";
import { Backoff } from "../../src/backoff.ts";
import { Deadline } from "./deadline.ts";
import { foregroundDelay } from "../../src/delay.ts";
import type { Exit, ExitWatch } from "./exit-watch.ts";
import { isOfGoingShim } from "./get-task.ts";
import { holdProcess } from "../../src/hold-process.ts";
import { unblocked } from "./leftovers.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import type { ProcessStdio } from "./process-stdio.ts";
import { type Session, type Subject, unlessMissing } from "./session.ts";
import { dateOf } from "./times.ts";
import { endOf } from "./told-exit.ts";
import { untilEnded } from "./until-ended.ts";

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
  /** Removes what cannot outlive its record; the signal aborts when its time is over. */
  beforeRemoval(cut: AbortSignal): Promise<void>;
  /**
   * Removes it where containerd does not find it, though it is there; resolves to how it ended.
   *
   * @param error What containerd says instead.
   */
  removeOrphan(error: unknown, cut: AbortSignal): Promise<Exit | undefined>;
  /** Called when its record is removed. */
  onRemoved(): void;
}

/** One call that removes a process. */
interface Removal {
  /** Whether a process that runs is killed. */
  readonly force: boolean;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** The time of all its attempts together. */
  readonly deadline: Deadline;
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
    const { containerId, processId } = this.#process.ref;
    const release = holdProcess();
    // A process that ends by itself may take its time, as long as its caller waits.
    const deadline = this.#deadline(force ? this.#session.options.removalBudgetMs : Infinity);
    try {
      const remove = () => this.#untilRemoved({ force, signal, deadline });
      const which = processId === INIT_PROCESS ? "all" : "further";
      // A call that is not answered may be one of a shim that waits for a client that was killed.
      await (force ? unblocked(this.#session, { containerId, which }, remove) : remove());
      return await this.#process.watch.exited;
    } finally {
      release();
      // It goes on after an abort of the caller, and its time then does, too.
      if (this.#removal === undefined) deadline.end();
      else this.#removal.catch(() => {}).finally(() => deadline.end());
    }
  }

  #deadline(budgetMs: number): Deadline {
    return new Deadline(this.#session, this.#subject, budgetMs);
  }

  /**
   * With `force` again when it fails: another client may start it, or remove it, at the same time,
   * and the shim of a task that is being removed answers with whatever its connection breaks with.
   */
  async #untilRemoved(call: Removal): Promise<void> {
    const { force, signal } = call;
    const backoff = new Backoff();
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#attempt(call);
      } catch (error) {
        signal?.throwIfAborted();
        if (!force || attempt === ATTEMPTS || !isPassing(error)) throw error;
        await foregroundDelay(backoff.next(), signal);
        signal?.throwIfAborted();
      }
    }
  }

  async #attempt(call: Removal): Promise<void> {
    const { watch } = this.#process;
    const { signal } = call;
    const stuck = watch.over ? undefined : await this.#end(call);
    // The output is read before the shim, which holds it, is told to forget the process.
    if (watch.over) await abortable(watch.exited, signal);
    // Only one Delete is under way at a time, whoever asked for it: the next finds nothing.
    const removal = this.#removal ??= this.#remove(call, stuck).catch((error: unknown) => {
      this.#removal = undefined;
      throw error;
    });
    this.#session.notes.expect(this.#process.ref, removal);
    // It goes on when the caller aborts; the session is not closed before.
    this.#session.cleanups.add(() => removal);
    await abortable(removal, signal);
  }

  /**
   * Brings the process to where it can be deleted, or throws.
   *
   * @returns What did not happen in time, if something did not.
   */
  async #end(call: Removal): Promise<string | undefined> {
    const { ref, watch } = this.#process;
    const { force } = call;
    const starting = this.#process.starting();
    const status = await this.#look(call);
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
      await call.deadline.take("its start", () => starting, call);
      return await this.#end(call);
    }
    if (state !== "created" && state !== "stopped") {
      if (!force) throw this.#wrongState(state);
      if (state !== "running") await this.#thaw(call);
    }
    if (state === "stopped") {
      await call.deadline.take("the wait for its end", (cut) => this.#ended(cut), call);
      return undefined;
    }
    // A task that was never started is killed, too: deleting it alone waits for its output, which
    // takes the shim 2 s (containerd 1.6, 1.7) or 10 s (2.1).
    await call.deadline.take(
      "SIGKILL",
      (cut) => unlessMissing(this.#process.kill(SIGKILL, { signal: cut })),
      call,
    );
    const waitMs = call.deadline.budgetMs / 2;
    if (await this.#endedWithin(waitMs, call)) return undefined;
    // Its end may have passed unseen, with the shim that knew it.
    const after = await this.#look(call);
    if (after === undefined || watch.over) return undefined;
    return after.state === "stopped"
      ? `its end was not told within ${waitMs} ms`
      : `it is ${after.state} ${waitMs} ms after SIGKILL`;
  }

  #look(call: Removal): Promise<ProcessStatus | undefined> {
    return call.deadline.take(
      "the question for its state",
      (cut) => unlessMissing(this.#process.status({ signal: cut })),
      call,
    );
  }

  /** A shim tells "paused" late, and "unknown" of one that is not. */
  async #thaw(call: Removal): Promise<void> {
    try {
      await call.deadline.take("the thaw", (cut) => this.#process.thaw({ signal: cut }), call);
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

  async #endedWithin(waitMs: number, call: Removal): Promise<boolean> {
    const { watch } = this.#process;
    return await call.deadline.take("the wait for its end", async (cut) => {
      const enough = new AbortController();
      const timer = waitMs <= longestDelayMs ? setTimeout(() => enough.abort(), waitMs) : undefined;
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
    }, call);
  }

  /** An abort of the caller does not cut it. */
  async #remove(call: Removal, stuck: string | undefined): Promise<void> {
    const { force } = call;
    const { ref, watch, stdio } = this.#process;
    const { tasks } = this.#session;
    const ids = execIds(ref);
    const deadline = force ? call.deadline : this.#deadline(this.#session.options.removalBudgetMs);
    try {
      await deadline.take(
        "the removal of its further processes",
        (cut) => this.#process.beforeRemoval(cut),
      );
      const response = await deadline.take("the deletion", (cut) =>
        this.#session.call(
          this.#subject,
          (rpc) =>
            ref.processId === INIT_PROCESS ? tasks.delete(ids, rpc) : tasks.deleteProcess(ids, rpc),
          { signal: cut },
        ));
      // A further process that was never started has the code 0.
      const isUnstarted = ref.processId !== INIT_PROCESS && response.pid === 0;
      const exit = isUnstarted
        ? { code: response.exitStatus, exitedAt: dateOf(response.exitedAt) }
        : endOf(response);
      if (exit) watch.settle(exit, response.pid);
      else watch.lose("removed without having ended");
    } catch (error) {
      // Somebody else has removed the record: what was asked for has come to be.
      const isGone = isContainerError(error, "not_found") && (force || watch.over);
      if (!isGone) {
        throw stuck === undefined || isOfGoingShim(error) ? error : deadline.stuck(stuck, error);
      }
      const exit = await deadline.take(
        "the removal of a task without a container",
        (cut) => this.#process.removeOrphan(error, cut),
      );
      if (exit) watch.settle(exit);
      else watch.lose("removed by somebody else");
    } finally {
      // That of a forced removal is for its further attempts, too.
      if (!force) deadline.end();
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

/** Whether an error is one of a moment, so that the next look at the process tells what it is. */
function isPassing(error: unknown): boolean {
  return isOfGoingShim(error) || isContainerError(error, "failed_precondition") ||
    isContainerError(error, "not_found") || isContainerError(error, "unknown");
}
