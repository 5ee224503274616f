import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { abortable } from "../../src/abort.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
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
import { holdProcess } from "./hold-process.ts";
import { wasOomKilled } from "./oom.ts";
import type { ProcessStdio } from "./process-stdio.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import { type Session, type Subject, unlessMissing } from "./session.ts";
import { startFailure } from "./start-failure.ts";
import { dateOf } from "./times.ts";

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

const states: Readonly<Record<number, ProcessStatus["state"]>> = {
  [Status.CREATED]: "created",
  [Status.RUNNING]: "running",
  [Status.STOPPED]: "stopped",
  [Status.PAUSED]: "paused",
  [Status.PAUSING]: "pausing",
};

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
  readonly #onRemoved: ((process: ContainerdProcess) => void) | undefined;
  #pid: number;
  #isCreated: boolean;
  #sizeAtStart: TerminalSize | undefined;
  #starting: Promise<void> | undefined;
  #removal: Promise<void> | undefined;

  /** @param init What is known of it. */
  constructor(session: Session, init: ProcessInit) {
    this.session = session;
    this.ref = init.ref;
    this.#pid = init.pid;
    this.#isCreated = init.isCreated;
    this.#stdio = init.stdio;
    this.#terminal = init.terminal;
    this.#memoryLimited = init.memoryLimited;
    this.#onRemoved = init.onRemoved;
    this.#watch = new ExitWatch(session, init.ref, (exit) => this.#finish(exit));
    this.#watch.exited.then(async ({ state }) => {
      if (state === "lost") await this.#stdio.close();
    }).catch(() => {}); // of a driver of the user's; nobody waits for it
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
    const subject = this.subject("start");
    const step = (cut?: AbortSignal) => {
      const starting = this.#start(subject, cut);
      this.#starting = starting.catch(() => {}).then(() => void (this.#starting = undefined));
      return starting;
    };
    await this.session.finish(subject, step, options);
  }

  /** Waits for its end and for the end of its output. */
  async wait({ signal }: CallOptions = {}): Promise<ExitStatus> {
    signal?.throwIfAborted();
    const release = holdProcess();
    try {
      return await this.#ended(this.subject("wait for"), signal);
    } finally {
      release();
    }
  }

  /** Sends a signal. */
  async kill(signal: number | string, options: KillOptions = {}): Promise<void> {
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
    validateTerminalSize(size);
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
  async closeStdin({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await abortable(this.#stdio.closeStdin(), signal);
  }

  /** Asks for its state. */
  async status(options: CallOptions = {}): Promise<ProcessStatus> {
    const { process } = await this.session.call(
      this.subject("get status of"),
      (rpc) => this.session.tasks.get(execIds(this.ref), rpc),
      options,
    );
    const state = states[process?.status ?? Status.UNKNOWN] ?? "unknown";
    const pid = process?.pid ?? 0;
    if (state !== "stopped") return { state, pid };
    return { state, pid, code: process?.exitStatus ?? 0, exitedAt: dateOf(process?.exitedAt) };
  }

  /** Removes its record. */
  async delete({ force = false, signal }: DeleteOptions = {}): Promise<ExitStatus> {
    signal?.throwIfAborted();
    const release = holdProcess();
    try {
      if (!this.#watch.over) await this.#prepareDelete(force, signal);
      // The output is read before the shim, which holds it, is told to forget the process.
      if (this.#watch.over) await abortable(this.exited, signal);
      // Only one Delete is under way at a time, whoever asked for it: the next finds nothing.
      const removal = this.#removal ??= this.#remove(force).catch((error: unknown) => {
        this.#removal = undefined;
        throw error;
      });
      // It goes on when the caller aborts; the session is not closed before.
      this.session.cleanups.add(() => removal);
      await abortable(removal, signal);
      return await this.exited;
    } finally {
      release();
    }
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

  async #start(subject: Subject, cut: AbortSignal | undefined): Promise<void> {
    try {
      const { pid } = await this.session.call(
        subject,
        (rpc) => this.session.tasks.start(execIds(this.ref), rpc),
        { signal: cut },
      );
      this.#pid = pid;
      this.#isCreated = false;
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

  async #remove(force: boolean): Promise<void> {
    const { tasks } = this.session;
    const ids = execIds(this.ref);
    await this.beforeRemoval();
    try {
      const response = await this.session.call(
        this.subject("delete"),
        (rpc) => this.id === INIT_PROCESS ? tasks.delete(ids, rpc) : tasks.deleteProcess(ids, rpc),
      );
      this.#watch.settle({ code: response.exitStatus, exitedAt: dateOf(response.exitedAt) });
    } catch (error) {
      // Somebody else has removed the record: what was asked for has come to be.
      if (!isContainerError(error, "not_found") || !(force || this.#watch.over)) throw error;
      this.#watch.lose("removed by somebody else");
    }
    await this.exited;
    await this.#stdio.close();
    this.#onRemoved?.(this);
  }

  /** Brings the process to where it can be deleted, or throws. */
  async #prepareDelete(force: boolean, signal: AbortSignal | undefined): Promise<void> {
    const starting = this.#starting;
    const status = await unlessMissing(this.status({ signal }));
    if (status === undefined) {
      if (force) return;
      throw new ContainerError("not_found", `${this.subject("delete").action}: not found`, {
        ...this.ref,
        plugin: this.session.options.id,
      });
    }
    const { state, pid } = status;
    // The first process of a checkpoint has no pid before it is started, and its end would be waited
    // for in vain.
    if (state === "created" && (this.id !== INIT_PROCESS || pid === 0)) {
      if (starting === undefined) return;
      // A Start that nobody waits for any more brings it to life after this look at it, and then
      // the deletion would fail.
      await abortable(starting, signal);
      return await this.#prepareDelete(force, signal);
    }
    if (state !== "created" && state !== "stopped") {
      if (!force) throw this.#wrongState(this.subject("delete"), state);
      if (state !== "running") await this.thaw({ signal });
    }
    // A task that was never started is killed, too: deleting it alone waits for its output, which
    // takes the shim 2 s (containerd 1.6, 1.7) or 10 s (2.1).
    if (state !== "stopped") await unlessMissing(this.kill(SIGKILL, { signal }));
    await this.#ended(this.subject("delete"), signal);
  }

  /** Its end; rejects when the session is closed before. */
  async #ended(subject: Subject, signal: AbortSignal | undefined): Promise<ExitStatus> {
    const closed = Promise.withResolvers<never>();
    const forget = this.session.onClosing(() => closed.reject(this.session.closedError(subject)));
    try {
      return await abortable(Promise.race([this.exited, closed.promise]), signal);
    } finally {
      forget();
    }
  }

  /** Removes what cannot outlive its record. */
  protected async beforeRemoval(): Promise<void> {}

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
