import { abortable } from "../../src/abort.ts";
import { checkCall } from "../../src/check-options.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { inspectable } from "../../src/inspectable.ts";
import type {
  CallOptions,
  DeleteOptions,
  KillOptions,
  Process,
  ProcessStatus,
  TerminalSize,
} from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { parseSignal } from "../../src/signals.ts";
import type { Stdio } from "../../src/stdio.ts";
import { validateTerminalSize } from "../../src/terminal-size.ts";
import { type Exit, ExitWatch } from "./exit-watch.ts";
import { holdProcess } from "../../src/hold-process.ts";
import { wasOomKilled } from "./oom.ts";
import type { ProcessStdio } from "./process-stdio.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import { ProcessRemoval } from "./process-removal.ts";
import { processStatus } from "./process-state.ts";
import { type Session, type Subject, unlessMissing } from "./session.ts";
import { startFailure } from "./start-failure.ts";
import { untilEnded } from "./until-ended.ts";

/** What a process handle is made with. */
export interface ProcessInit {
  /** The process. */
  readonly ref: ProcessRef;
  /** Its process id, 0 if it is not known yet. */
  readonly pid: number;
  /** Its streams. */
  readonly stdio: ProcessStdio;
  /** Whether it has a terminal. */
  readonly terminal: boolean;
  /** Whether its container has a memory limit, so that it can be killed for want of memory. */
  readonly memoryLimited: boolean;
  /** Whether it was made and not started yet, as far as is known. */
  readonly isCreated: boolean;
  /** Called when its record is removed. */
  readonly onRemoved?: (process: ContainerdProcess) => void;
}

const SIGKILL = 9;
const KILLED = 128 + SIGKILL;

/** A process of a container in containerd. */
export class ContainerdProcess implements Process {
  /** The connection it was reached over. */
  protected readonly session: Session;
  /** Its ids. */
  protected readonly ref: ProcessRef;
  readonly #stdio: ProcessStdio;
  readonly #watch: ExitWatch;
  readonly #terminal: boolean;
  readonly #memoryLimited: boolean;
  readonly #removal: ProcessRemoval;
  #pid: number;
  #isCreated: boolean;
  #sizeAtStart: TerminalSize | undefined;
  #starting: Promise<void> | undefined;

  static {
    inspectable(this, "Process", ({ containerId, id, pid }) => ({ containerId, id, pid }));
  }

  /** @param init What is known of it. */
  constructor(session: Session, init: ProcessInit) {
    this.session = session;
    this.ref = init.ref;
    this.#pid = init.pid;
    this.#isCreated = init.isCreated;
    this.#stdio = init.stdio;
    this.#terminal = init.terminal;
    this.#memoryLimited = init.memoryLimited;
    this.#watch = new ExitWatch(session, {
      ref: init.ref,
      pid: () => this.#pid,
      finish: (exit) => this.#finish(exit),
    });
    this.#watch.exited.then(async (status) => {
      if (this.#pid > 0) session.notes.tell({ ...init.ref, type: "ended", pid: this.#pid, status });
      if (status.state === "lost") await this.#stdio.close();
    }).catch(() => {}); // of a driver of the user's; nobody waits for it
    this.#removal = new ProcessRemoval(session, {
      ref: init.ref,
      watch: this.#watch,
      stdio: init.stdio,
      starting: () => this.#starting,
      status: (options) => this.status(options),
      kill: (signal, options) => this.kill(signal, options),
      thaw: (options) => this.thaw(options),
      beforeRemoval: (cut) => this.beforeRemoval(cut),
      removeOrphan: (error, cut) => this.removeOrphan(error, cut),
      onRemoved: () => init.onRemoved?.(this),
    });
    this.#watch.start();
  }

  /** Its id. */
  get id(): string {
    return this.ref.processId;
  }

  /** The container it is in. */
  get containerId(): string {
    return this.ref.containerId;
  }

  /** Process id on the daemon's host; 0 before it is started. */
  get pid(): number {
    return this.#pid;
  }

  /** Its piped streams. */
  get stdio(): Stdio {
    return this.#stdio.streams;
  }

  /** Its end; never rejects. */
  get exited(): Promise<ExitStatus> {
    return this.#watch.exited;
  }

  /** Starts it. */
  async start(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    const subject = this.subject("start");
    const step = (cut?: AbortSignal) => {
      const starting = this.#start(subject, { cut, signal: options.signal });
      this.#starting = starting.catch(() => {}).then(() => void (this.#starting = undefined));
      return starting;
    };
    await this.session.finish(subject, step, options);
  }

  /** Waits for its end and for the end of its output. */
  async wait(options: CallOptions = {}): Promise<ExitStatus> {
    checkCall(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const release = holdProcess();
    try {
      const subject = this.subject("wait for");
      return await untilEnded(this.session, this.#watch, { subject, signal });
    } finally {
      release();
    }
  }

  /** Sends a signal. */
  async kill(signal: number | string, options: KillOptions = {}): Promise<void> {
    checkCall(options);
    const number = parseSignal(signal);
    const { all = false } = options;
    const subject = this.subject("kill");
    // runc would send it to its own process, which waits there to become the container's.
    if (this.#isCreated && number !== SIGKILL) {
      const { state } = await this.status(options);
      if (state === "created") throw this.#wrongState(subject, "never started");
      this.#isCreated = false;
    }
    await this.session.call(
      subject,
      (rpc) => this.session.tasks.kill({ ...execIds(this.ref), signal: number, all }, rpc),
      options,
    );
  }

  /** Changes the size of its terminal. */
  async resize(size: TerminalSize, options: CallOptions = {}): Promise<void> {
    checkCall(options);
    validateTerminalSize(size);
    options.signal?.throwIfAborted();
    const { columns: width, rows: height } = size;
    const subject = this.subject("resize terminal of");
    // A shim says nothing.
    if (!this.#terminal) throw this.#wrongState(subject, "it has no terminal");
    if (this.#watch.known) throw this.#wrongState(subject, "it has ended");
    // A shim makes the terminal of a further process when it starts it, and drops what came before.
    if (this.#isCreated && this.id !== INIT_PROCESS) this.#sizeAtStart = size;
    await this.session.call(
      subject,
      (rpc) => this.session.tasks.resizePty({ ...execIds(this.ref), width, height }, rpc),
      options,
    );
  }

  /** Closes its input. */
  async closeStdin(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    const { signal } = options;
    signal?.throwIfAborted();
    await abortable(this.#stdio.closeStdin(), signal);
  }

  /** Asks for its state; a further process that has ended is known to be stopped. */
  async status(options: CallOptions = {}): Promise<ProcessStatus> {
    checkCall(options);
    const asked = this.#askStatus(options);
    if (this.id === INIT_PROCESS) return await asked;
    const status = await unlessMissing(asked);
    // Its record may be gone, and its id in use again.
    if (status?.pid === this.#pid) return status;
    if (this.#watch.over) return { state: "stopped", pid: this.#pid, ...this.#watch.known };
    return status ?? await asked;
  }

  async #askStatus(options: CallOptions): Promise<ProcessStatus> {
    return processStatus(
      await this.session.call(
        this.subject("get status of"),
        (rpc) => this.session.tasks.get(execIds(this.ref), rpc),
        options,
      ),
    );
  }

  /** Removes its record. */
  async delete(options: DeleteOptions = {}): Promise<ExitStatus> {
    checkCall(options);
    return await this.#removal.run(options);
  }

  /** The subject of a call on this process. */
  protected subject(verb: string): Subject {
    return processSubject(verb, this.ref);
  }

  #wrongState({ action, ...ids }: Subject, state: string): ContainerError {
    return new ContainerError("failed_precondition", `${action}: ${state}`, {
      ...ids,
      plugin: this.session.options.id,
    });
  }

  async #start(
    subject: Subject,
    { cut, signal }: {
      /** Cuts the call. */
      readonly cut: AbortSignal | undefined;
      /** The caller's. */
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<void> {
    try {
      const { pid } = await this.session.starts.take(this.containerId, () =>
        this.session.call(
          subject,
          (rpc) => this.session.tasks.start(execIds(this.ref), rpc),
          { signal: cut },
        ), { signal });
      this.#pid = pid;
      this.#isCreated = false;
      this.session.notes.tell({ ...this.ref, type: "started", pid });
      if (this.#sizeAtStart) await this.#resizeStarted(this.#sizeAtStart, cut);
    } catch (error) {
      if (!isContainerError(error)) throw error;
      const failure = startFailure(error);
      if (failure.exitCode !== undefined && this.id !== INIT_PROCESS) {
        this.#watch.settle({ code: failure.exitCode, exitedAt: new Date() });
      }
      throw failure;
    } finally {
      this.#stdio.started();
    }
  }

  async #resizeStarted(size: TerminalSize, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.resize(size, { signal });
    } catch (error) {
      // It may well have ended already.
      if (!isContainerError(error)) throw error;
    }
  }

  /** Removes what cannot outlive its record. */
  protected async beforeRemoval(_cut: AbortSignal): Promise<void> {}

  /** Removes it where containerd does not find it, though it is there. */
  protected removeOrphan(_error: unknown, _cut: AbortSignal): Promise<Exit | undefined> {
    return Promise.resolve(undefined);
  }

  /** Lets frozen processes run, so that a kill can reach them. */
  protected async thaw(options: CallOptions): Promise<void> {
    const { containerId } = this.ref;
    await this.session.call(
      this.subject("thaw"),
      (rpc) => this.session.tasks.resume({ containerId }, rpc),
      options,
    );
  }

  async #finish({ code, exitedAt }: Exit): Promise<ExitStatus> {
    const [{ truncated }, oomKilled] = await Promise.all([
      // An end that is known must not be lost for the sake of the output.
      this.#stdio.drain(this.session.options.drainBudgetMs).catch(() => ({ truncated: true })),
      wasOomKilled(this.session, this.containerId, {
        suspected: this.#memoryLimited || code === KILLED,
      }),
    ]);
    // The budget is over for the reader of the output, too; the shim may take 10 s more to let go.
    if (truncated) await this.#stdio.close().catch(() => {});
    return { state: "exited", code, exitedAt, oomKilled, truncated };
  }
}
