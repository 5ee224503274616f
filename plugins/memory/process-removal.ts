import { abortable } from "../../src/abort.ts";
import { isContainerError } from "../../src/errors.ts";
import type { ProcessRef } from "../../src/event-source.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { type DeleteOptions, INIT_PROCESS } from "../../src/runtime.ts";
import type { Daemon } from "./daemon.ts";
import type { ExitWatch } from "./exit-watch.ts";
import type { HostExit } from "./host-process.ts";
import type { Link } from "./link.ts";
import { aboutProcess, Refusal, type Subject } from "./refusal.ts";
import { SIGKILL } from "./signal-handlers.ts";

/** What is removed. */
export interface RemovableProcess {
  /** Its ids. */
  readonly ref: ProcessRef;
  /** How it ends. */
  readonly watch: ExitWatch;
  /** Its process id; 0 if it is not known. */
  pid(): number;
}

/** Removes the record of one process, after its end. */
export class ProcessRemoval {
  readonly #link: Link;
  readonly #process: RemovableProcess;
  readonly #subject: Subject;
  #removal: Promise<void> | undefined;

  /** @param process What is removed. */
  constructor(link: Link, process: RemovableProcess) {
    this.#link = link;
    this.#process = process;
    this.#subject = aboutProcess("deleteProcess", "delete", process.ref);
  }

  /** Removes it; for any number of callers. */
  async run({ force = false, signal }: DeleteOptions): Promise<ExitStatus> {
    const { watch, ref } = this.#process;
    signal?.throwIfAborted();
    const exit = await this.#end(force, signal);
    if (exit) watch.settle(exit);
    // The output is read before the process is forgotten.
    if (watch.isOver) await abortable(watch.exited, signal);
    // Only one removal is under way at a time, whoever asked for it: the next finds nothing.
    const removal = this.#removal ??= this.#remove(force).catch((error: unknown) => {
      this.#removal = undefined;
      throw error;
    });
    await abortable(removal, signal);
    if (ref.processId === INIT_PROCESS) this.#removal = undefined;
    return await abortable(watch.exited, signal);
  }

  /** Brings it to where it can be removed, or throws; gives how it ended, if it is still there. */
  async #end(force: boolean, signal: AbortSignal | undefined): Promise<HostExit | undefined> {
    const { ref, watch } = this.#process;
    const look = (daemon: Daemon) => {
      const task = daemon.task(ref.containerId);
      const process = task.process(ref.processId);
      return { process, state: process.state(task.isPaused).state };
    };
    try {
      const { process, state } = await this.#link.call(
        aboutProcess("status", "delete", ref),
        look,
        { signal },
      );
      if (state === "stopped") return process.exit;
      const isIdle = state === "created";
      if (isIdle && ref.processId !== INIT_PROCESS) return undefined;
      if (!force && !isIdle) throw this.#link.error(this.#subject, "failed_precondition", state);
      const { exit } = await this.#link.call(
        aboutProcess("kill", "delete", ref),
        (daemon) => {
          const { process } = look(daemon);
          process.signal(SIGKILL);
          return process;
        },
        { signal },
      );
      return exit;
    } catch (error) {
      const isGone = isContainerError(error, "not_found") && (force || watch.isOver);
      if (!isGone) throw error;
      return undefined;
    }
  }

  async #remove(force: boolean): Promise<void> {
    const { ref, watch } = this.#process;
    try {
      const exit = await this.#link.call(this.#subject, (daemon) => {
        const pid = this.#process.pid();
        if (pid !== 0 && daemon.process(ref).pid !== pid) {
          throw new Refusal("not_found", "another process has its id");
        }
        return daemon.removeProcess(ref);
      });
      watch.settle(exit);
    } catch (error) {
      // Somebody else has removed the record: what was asked for has come to be.
      if (!isContainerError(error, "not_found") || !(force || watch.isOver)) throw error;
      watch.lose("removed by somebody else");
    }
  }
}
