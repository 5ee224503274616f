import { abortable } from "../../src/abort.ts";
import { checkCall } from "../../src/check-options.ts";
import { type ContainerError, isContainerError } from "../../src/errors.ts";
import type { ProcessRef } from "../../src/event-source.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { holdProcess } from "../../src/hold-process.ts";
import { inspectable } from "../../src/inspectable.ts";
import {
  type CallOptions,
  type DeleteOptions,
  INIT_PROCESS,
  type KillOptions,
  type Process,
  type ProcessStatus,
  type TerminalSize,
} from "../../src/runtime.ts";
import { parseSignal } from "../../src/signals.ts";
import type { Stdio } from "../../src/stdio.ts";
import { validateTerminalSize } from "../../src/terminal-size.ts";
import type { ClientStreams } from "./client-streams.ts";
import type { Connection } from "./connection.ts";
import { ExitWatch } from "./exit-watch.ts";
import type { HostExit } from "./host-process.ts";
import { ProcessRemoval } from "./process-removal.ts";
import { aboutProcess, type Subject } from "./refusal.ts";

/** What a handle is made with. */
export interface MemoryProcessInit {
  /** The process. */
  readonly ref: ProcessRef;
  /** Its process id, 0 if it has none yet. */
  readonly pid: number;
  /** Its streams, as this client has them. */
  readonly streams: ClientStreams;
}

/** A process on a machine that is made of memory. */
export class MemoryProcess implements Process {
  /** Its id. */
  readonly id: string;
  /** The container it is in. */
  readonly containerId: string;
  /** Its end; never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** What the handles of a client share. */
  protected readonly connection: Connection;
  /** Its ids. */
  protected readonly ref: ProcessRef;
  readonly #streams: ClientStreams;
  readonly #watch: ExitWatch;
  readonly #removal: ProcessRemoval;
  readonly #forgetLink: () => void;
  #pid: number;

  static {
    inspectable(this, "Process", ({ containerId, id, pid }) => ({ containerId, id, pid }));
  }

  /** @param init What is known of it. */
  constructor(connection: Connection, init: MemoryProcessInit) {
    this.connection = connection;
    this.ref = init.ref;
    this.id = init.ref.processId;
    this.containerId = init.ref.containerId;
    this.#pid = init.pid;
    this.#streams = init.streams;
    this.#watch = new ExitWatch(connection, {
      ref: init.ref,
      pid: () => this.#pid,
      finish: (exit) => this.#finish(exit),
    });
    this.exited = this.#watch.exited;
    this.#removal = new ProcessRemoval(connection.link, {
      ref: init.ref,
      watch: this.#watch,
      pid: () => this.#pid,
    });
    this.#forgetLink = connection.link.onClosing(() => this.#streams.detach());
    this.#watch.exited.then(() => {
      this.#forgetLink();
      this.#streams.close();
    });
    this.#watch.start();
  }

  /** Its process id on the host; 0 before it has one. */
  get pid(): number {
    return this.#pid;
  }

  /** Its piped streams. */
  get stdio(): Stdio {
    return this.#streams.stdio;
  }

  /** Starts it. */
  async start(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    const { containerId, processId } = this.ref;
    try {
      this.#pid = await this.connection.link.call(
        this.subject("start", "start"),
        (daemon) => {
          const process = daemon.task(containerId).start(processId);
          // Before the answer, which may get lost: whoever waits must not take it for another one.
          this.#pid = process.pid;
          return process.pid;
        },
        options,
      );
    } catch (error) {
      const { exitCode } = isContainerError(error) ? error : {};
      if (exitCode !== undefined && processId !== INIT_PROCESS) {
        this.#watch.settle({ code: exitCode, exitedAt: new Date(), oomKilled: false });
      }
      throw error;
    }
    this.#streams.started();
    const { notes } = this.connection;
    for (const tell of [...notes]) tell({ ...this.ref, type: "started", pid: this.#pid });
  }

  /** Waits for its end and for the end of its output. */
  async wait(options: CallOptions = {}): Promise<ExitStatus> {
    checkCall(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const { link } = this.connection;
    const subject = this.subject("wait", "wait for");
    if (link.isClosed && !this.#watch.isOver) throw link.error(subject, "unavailable", "closed");
    const closed = Promise.withResolvers<never>();
    const forget = link.onClosing(() => {
      closed.reject(link.error(subject, "unavailable", "closed"));
    });
    const release = holdProcess();
    try {
      return await abortable(Promise.race([this.#watch.exited, closed.promise]), signal);
    } finally {
      release();
      forget();
    }
  }

  /** Sends a signal. */
  async kill(signal: number | string, options: KillOptions = {}): Promise<void> {
    checkCall(options);
    const number = parseSignal(signal);
    const { all = false } = options;
    const { containerId, processId } = this.ref;
    await this.connection.link.call(
      this.subject("kill", "kill"),
      (daemon) => daemon.task(containerId).kill(processId, number, { all }),
      options,
    );
  }

  /** Changes the size of its terminal; also before it is started. */
  async resize(size: TerminalSize, options: CallOptions = {}): Promise<void> {
    checkCall(options);
    validateTerminalSize(size);
    const { columns, rows } = size;
    const subject = this.subject("resize", "resize terminal of");
    await this.connection.link.call(subject, (daemon) => {
      const process = daemon.process(this.ref);
      const state = process.exit ? "it has ended" : process.terminal ? "" : "it has no terminal";
      if (state !== "") throw this.#wrongState(subject, state);
      process.resize({ columns, rows });
    }, options);
  }

  /** Closes its input. */
  async closeStdin(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    const { signal } = options;
    signal?.throwIfAborted();
    // An end of ours that is closed is all that the process needs; one that is not ours is asked for.
    if (await abortable(this.#streams.closeStdin(), signal)) return;
    await this.connection.link.call(
      this.subject("closeStdin", "close stdin of"),
      (daemon) => daemon.process(this.ref).stdio.stdin?.end(),
      { signal },
    );
  }

  /** Asks for its state; a further process that has ended is known to be stopped. */
  async status(options: CallOptions = {}): Promise<ProcessStatus> {
    checkCall(options);
    const asked = this.connection.link.call(
      this.subject("status", "get status of"),
      (daemon) => {
        const task = daemon.task(this.containerId);
        const { pid, state, exit } = task.process(this.id).state(task.isPaused);
        return exit?.state === "exited"
          ? { state, pid, code: exit.code, exitedAt: exit.exitedAt }
          : { state, pid };
      },
      options,
    );
    if (this.id === INIT_PROCESS) return await asked;
    const status = await asked.catch(nothingIfMissing);
    // Its record may be gone, and its id in use again.
    if (status?.pid === this.#pid) return status;
    if (!this.#watch.isOver) return status ?? await asked;
    const { code, exitedAt } = this.#watch.known ?? {};
    return {
      state: "stopped",
      pid: this.#pid,
      ...(code !== undefined && exitedAt !== undefined && { code, exitedAt }),
    };
  }

  /** Removes its record. */
  async delete(options: DeleteOptions = {}): Promise<ExitStatus> {
    checkCall(options);
    return await this.#removal.run(options);
  }

  /** A call on this process. */
  protected subject(method: Subject["method"], verb: string): Subject {
    return aboutProcess(method, verb, this.ref);
  }

  #wrongState(subject: Subject, state: string): ContainerError {
    return this.connection.link.error(subject, "failed_precondition", state);
  }

  async #finish({ code, exitedAt, oomKilled }: HostExit): Promise<ExitStatus> {
    const { truncated } = await this.#streams.drain(this.connection.drainBudgetMs);
    return { state: "exited", code, exitedAt, oomKilled, truncated };
  }
}

/** Takes the place of what is not there. */
export function nothingIfMissing(error: unknown): undefined {
  if (!isContainerError(error, "not_found")) throw error;
}
