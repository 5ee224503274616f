import { ContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { ProcessRef, ProcessState } from "../../src/event-source.ts";
import type { Process as ProcessSpec } from "../../src/oci/spec.ts";
import { INIT_PROCESS, type TerminalSize } from "../../src/runtime.ts";
import { Freezer } from "./freezer.ts";
import type { HostOutput } from "./host-output.ts";
import { findProgram, type Machine } from "./machine.ts";
import type { Pipe } from "./pipe.ts";
import type { MemoryProgram } from "./program.ts";
import { runProgram } from "./run-program.ts";
import { Refusal } from "./refusal.ts";
import { SIGCONT, SIGKILL, SignalHandlers, SIGSTOP, SIGWINCH } from "./signal-handlers.ts";

/** How a process ended, as its machine knows it. */
export interface HostExit {
  /** Exit code. */
  readonly code: number;
  /** When it ended. */
  readonly exitedAt: Date;
  /** Whether for want of memory. */
  readonly oomKilled: boolean;
}

/** The streams of a process, as its machine has them. */
export interface HostStdio {
  /** What it reads; `undefined` for no input. */
  readonly stdin: Pipe | undefined;
  /** Where its output goes. */
  readonly stdout: HostOutput;
  /** Where its errors go. */
  readonly stderr: HostOutput;
}

/** What a process is made with. */
export interface HostProcessInit {
  /** Its ids. */
  readonly ref: ProcessRef;
  /** What it runs. */
  readonly spec: ProcessSpec;
  /** Its streams. */
  readonly stdio: HostStdio;
  /** What its program had saved in a checkpoint. */
  readonly restored?: unknown;
  /** Called when it uses more or less memory. */
  readonly onMemory: () => void;
  /** Called once, when it has ended. */
  readonly onEnded: (process: HostProcess) => void;
}

/** A process on a machine that is made of memory. */
export class HostProcess {
  /** Its ids. */
  readonly ref: ProcessRef;
  /** What it runs. */
  readonly spec: ProcessSpec;
  /** Its streams. */
  readonly stdio: HostStdio;
  /** Handlers of its program. */
  readonly signals: SignalHandlers = new SignalHandlers();
  /** Holds it up. */
  readonly freezer: Freezer = new Freezer();
  /** What its program had saved in a checkpoint. */
  readonly restored: unknown;
  /** The machine that it runs on. */
  readonly machine: Machine;
  /** Whether nobody is told any more how it ended: who watched it is gone. */
  isForgotten = false;
  /** The size of its terminal. */
  size: TerminalSize;
  /** What its program saves for a checkpoint. */
  save: () => unknown = () => undefined;
  readonly #init: HostProcessInit;
  readonly #listeners = new Set<() => void>();
  readonly #killed = new AbortController();
  #pid = 0;
  #startedAtMs: number | undefined;
  #exit: HostExit | undefined;
  #memoryBytes = 0;
  #outputHolders = 0;

  /** @param init What it is made with. */
  constructor(machine: Machine, init: HostProcessInit) {
    this.machine = machine;
    this.#init = init;
    const { ref, spec, stdio, restored } = init;
    this.ref = ref;
    this.spec = spec;
    this.stdio = stdio;
    this.restored = restored;
    this.size = { columns: spec.consoleSize?.width || 80, rows: spec.consoleSize?.height || 24 };
    // The first process waits in the machine for its start, a further one is made by it.
    if (ref.processId === INIT_PROCESS) this.#pid = machine.nextPid();
  }

  /** Its process id; 0 before it has one. */
  get pid(): number {
    return this.#pid;
  }

  /** Whether it has a terminal. */
  get terminal(): boolean {
    return this.spec.terminal ?? false;
  }

  /** How it ended, once it did. */
  get exit(): HostExit | undefined {
    return this.#exit;
  }

  /** Whether it was started and has not ended. */
  get isRunning(): boolean {
    return this.#startedAtMs !== undefined && this.#exit === undefined;
  }

  /** Memory that its program says it uses, in bytes. */
  get memoryBytes(): number {
    return this.isRunning ? this.#memoryBytes : 0;
  }

  /** How long it has run, or ran, in milliseconds. */
  get runMs(): number {
    if (this.#startedAtMs === undefined) return 0;
    const endMs = this.#exit?.exitedAt.getTime() ?? this.machine.clock.now();
    return Math.max(0, endMs - this.#startedAtMs);
  }

  /** Aborts when it has ended. */
  get ended(): AbortSignal {
    return this.#killed.signal;
  }

  /** Its state, as events are checked against it; `isPaused` is that of its container. */
  state(isPaused: boolean): ProcessState {
    const state = this.#exit
      ? "stopped"
      : this.#startedAtMs === undefined
      ? "created"
      : isPaused
      ? "paused"
      : "running";
    return { pid: this.#pid, state, exit: this.#exit && told(this.#exit) };
  }

  /**
   * What it runs.
   *
   * @throws {Refusal} If there is no such program, or it cannot be run.
   */
  program(): Exclude<MemoryProgram, "not-executable"> {
    const name = this.spec.args?.[0] ?? "";
    const program = findProgram(this.machine.programs, name);
    if (program === undefined) {
      throw new Refusal("invalid_argument", `program "${name}" not found`, { exitCode: 127 });
    }
    if (program !== "not-executable") return program;
    throw new Refusal("invalid_argument", `program "${name}" cannot be run`, { exitCode: 126 });
  }

  /** Lets it run; `told` is called before it can do anything. */
  start(tell: (pid: number) => void): void {
    if (this.#exit) throw new Refusal("failed_precondition", "stopped");
    if (this.#startedAtMs !== undefined) throw new Refusal("failed_precondition", "running");
    let program: ReturnType<HostProcess["program"]>;
    try {
      program = this.program();
    } catch (error) {
      if (error instanceof Refusal) this.cancel(error.details.exitCode ?? 127);
      throw error;
    }
    this.#pid ||= this.machine.nextPid();
    this.#startedAtMs = this.machine.clock.now();
    tell(this.#pid);
    runProgram(this, program);
  }

  /** Takes a signal: to its program, or does what the signal does by itself. */
  signal(number: number): void {
    if (!this.isRunning) {
      if (this.#exit === undefined && number === SIGKILL) this.end(128 + SIGKILL);
      return;
    }
    if (number === SIGCONT) this.freezer.thaw("stopped");
    if (number === SIGSTOP) return this.freezer.freeze("stopped");
    if (number === SIGKILL) return this.end(128 + SIGKILL);
    // A frozen process is told once it is thawed.
    this.freezer.onThawed(() => {
      if (!this.isRunning) return;
      const action = this.#take(number);
      if (action === "end") this.end(128 + number);
      else if (action === "stop") this.freezer.freeze("stopped");
    });
  }

  /** Changes the size of its terminal, and tells the program. */
  resize(size: TerminalSize): void {
    this.size = size;
    this.signal(SIGWINCH);
  }

  /** Sets how much memory its program uses, in bytes. */
  useMemory(bytes: number): void {
    this.#memoryBytes = bytes;
    if (this.isRunning) this.#init.onMemory();
  }

  /** Keeps its output open; gives what lets go of it. */
  holdOutput(): () => void {
    this.#outputHolders++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#outputHolders--;
      this.#endOutput();
    };
  }

  /** Whether what it left behind may still write. */
  get holdsOutput(): boolean {
    return this.#outputHolders > 0;
  }

  /** Ends it, whatever it is doing. Idempotent. */
  end(code: number, { oomKilled = false }: { readonly oomKilled?: boolean } = {}): void {
    if (this.#exit) return;
    this.#exit = { code, exitedAt: new Date(this.machine.clock.now()), oomKilled };
    this.#killed.abort(this.#gone());
    this.stdio.stdin?.break();
    this.#endOutput();
    this.#init.onEnded(this);
    this.#tellEnd();
  }

  /** Lets go of it, with all that holds its streams: its record is removed. */
  remove(): void {
    // One that never ran ends like a first process that never did: it is killed.
    this.cancel(128 + SIGKILL);
    this.#outputHolders = 0;
    this.#endOutput();
  }

  /** Calls once it has ended; gives what takes the call back. */
  onEnd(tell: () => void): () => void {
    if (this.#exit) tell();
    else this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }

  /** Makes it as if it had ended, for one that was never started; no event tells. Idempotent. */
  cancel(code: number): void {
    if (this.#exit) return;
    this.#exit = { code, exitedAt: new Date(this.machine.clock.now()), oomKilled: false };
    this.#endOutput();
    this.stdio.stdin?.break();
    this.#tellEnd();
  }

  /** A handler that throws ends its program, as any other error of it does. */
  #take(signal: number): ReturnType<SignalHandlers["take"]> {
    try {
      return this.signals.take(signal);
    } catch {
      this.end(1);
      return "nothing";
    }
  }

  #tellEnd(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const tell of listeners) tell();
  }

  #gone(): ContainerError {
    const { containerId, processId } = this.ref;
    return new ContainerError(
      "aborted",
      `Cannot go on with process "${processId}" of container "${containerId}": it has ended`,
      this.ref,
    );
  }

  #endOutput(): void {
    if (this.#exit === undefined || this.#outputHolders > 0) return;
    this.stdio.stdout.pipe?.end();
    this.stdio.stderr.pipe?.end();
  }
}

/** An end, as events tell it. */
export function told({ code, exitedAt, oomKilled }: HostExit): ExitStatus {
  return { state: "exited", code, exitedAt, oomKilled, truncated: false };
}
