import type { TaskState } from "../../src/event-source.ts";
import type { ContainerEvent } from "../../src/events.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { Process as ProcessSpec } from "../../src/oci/spec.ts";
import { INIT_PROCESS, type PidInfo, type Resources } from "../../src/runtime.ts";
import { HostProcess, type HostStdio, told } from "./host-process.ts";
import { type Limits, limitsOf } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { SIGKILL } from "./signal-handlers.ts";

const KILLED = 128 + SIGKILL;

/** What a task is made with. */
export interface HostTaskInit {
  /** Its container. */
  readonly containerId: string;
  /** What its first process runs. */
  readonly spec: ProcessSpec;
  /** The streams of its first process. */
  readonly stdio: HostStdio;
  /** Its limits. */
  readonly resources: Resources | undefined;
  /** Limits in place of those, from a checkpoint. */
  readonly limits?: Limits | undefined;
  /** What its program had saved in a checkpoint. */
  readonly restored?: unknown;
}

/** An event about a task, without what all of them have. */
type TaskEvent = ContainerEvent extends infer Event
  ? Event extends ContainerEvent ? Omit<Event, "containerId" | "timestamp" | "source"> : never
  : never;

/** The processes of a container, on a machine that is made of memory. */
export class HostTask {
  /** Its container. */
  readonly containerId: string;
  /** Its first process. */
  readonly init: HostProcess;
  /** Its further processes. */
  readonly execs: Map<string, HostProcess> = new Map();
  /** How often a process was ended for want of memory. */
  oomKills = 0;
  readonly #machine: Machine;
  #limits: Limits;
  #isPaused = false;
  #isMuted = false;
  /** How long removed processes have run, in milliseconds. */
  #removedRunMs = 0;
  #peakMemoryBytes = 0;

  /** @throws {Refusal} If there is no such program. */
  constructor(machine: Machine, init: HostTaskInit) {
    this.#machine = machine;
    this.containerId = init.containerId;
    this.#limits = init.limits ?? limitsOf(init.resources);
    this.init = this.#process(INIT_PROCESS, init.spec, init.stdio, init.restored);
    this.init.program();
    this.#tell({ type: "create", pid: this.init.pid });
  }

  /** Whether it is frozen. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Its limits. */
  get limits(): Limits {
    return this.#limits;
  }

  /** All its processes. */
  get processes(): readonly HostProcess[] {
    return [this.init, ...this.execs.values()];
  }

  /** How long its processes have run, in milliseconds. */
  get runMs(): number {
    return this.processes.reduce((sum, { runMs }) => sum + runMs, this.#removedRunMs);
  }

  /** What its processes say they use, in bytes. */
  get memoryBytes(): number {
    return this.processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** The most that they have used, in bytes. */
  get peakMemoryBytes(): number {
    return this.#peakMemoryBytes;
  }

  /** Its state, as events are checked against it. */
  get state(): TaskState {
    return { containerId: this.containerId, ...this.init.state(this.#isPaused) };
  }

  /** A process; `not_found` if there is none. */
  process(processId: string): HostProcess {
    const found = processId === INIT_PROCESS ? this.init : this.execs.get(processId);
    if (found) return found;
    throw new Refusal("not_found", "no such process");
  }

  /** Adds a process. */
  exec(processId: string, spec: ProcessSpec, stdio: HostStdio): HostProcess {
    this.#mustRun();
    if (this.execs.has(processId)) throw new Refusal("already_exists", "id already in use");
    const process = this.#process(processId, spec, stdio);
    this.execs.set(processId, process);
    this.#tell({ type: "exec-added", processId });
    return process;
  }

  /** Starts a process. */
  start(processId: string): HostProcess {
    const process = this.process(processId);
    if (processId !== INIT_PROCESS) this.#mustRun();
    process.start((pid) => {
      this.#tell(
        processId === INIT_PROCESS
          ? { type: "start", pid }
          : { type: "exec-started", processId, pid },
      );
    });
    return process;
  }

  /** Sends a signal. */
  kill(processId: string, signal: number, { all }: { readonly all: boolean }): void {
    const process = this.process(processId);
    if (process.exit) throw new Refusal("not_found", "it has ended");
    const isInit = processId === INIT_PROCESS;
    if (!process.isRunning && !(isInit && signal === SIGKILL)) {
      throw new Refusal("failed_precondition", "never started");
    }
    // The first one last: its end is that of the others, whatever they were sent.
    const targets = all ? [...this.execs.values(), this.init] : [process];
    for (const each of targets) if (each.isRunning || each === process) each.signal(signal);
  }

  /** Freezes all processes. */
  pause(): void {
    this.#mustRun();
    this.#isPaused = true;
    for (const process of this.processes) process.freezer.freeze("paused");
    this.#tell({ type: "paused" });
  }

  /** Thaws all processes. */
  resume(): void {
    if (!this.#isPaused) {
      throw new Refusal("failed_precondition", this.init.exit ? "stopped" : "not paused");
    }
    this.#isPaused = false;
    for (const process of this.processes) process.freezer.thaw("paused");
    this.#tell({ type: "resumed" });
  }

  /** Changes its limits; what is not named stays. */
  update(resources: Resources): void {
    if (this.init.exit) throw new Refusal("failed_precondition", "stopped");
    this.#limits = { ...this.#limits, ...limitsOf(resources) };
    this.#checkMemory();
  }

  /** Its processes that run, and the first one before it does. */
  pids(): readonly PidInfo[] {
    return this.processes.filter(({ pid, exit }) => pid !== 0 && !exit)
      .map(({ pid, ref: { processId } }) => ({ pid, processId }));
  }

  /** Tells that it was written to a checkpoint. */
  checkpointed(): void {
    this.#tell({ type: "checkpointed" });
  }

  /** Removes a further process. */
  deleteExec(processId: string): HostProcess {
    const process = this.process(processId);
    if (process.isRunning) throw new Refusal("failed_precondition", "running");
    process.remove();
    this.execs.delete(processId);
    this.#removedRunMs += process.runMs;
    this.#tell({ type: "delete", processId, pid: process.pid }, process.exit && told(process.exit));
    return process;
  }

  /** Tells that it was removed, and lets go of its streams. */
  deleted(): void {
    if (this.init.exit === undefined) throw new Refusal("failed_precondition", "running");
    for (const process of this.processes) process.remove();
    const { pid, exit } = this.init;
    this.#tell({ type: "delete", processId: INIT_PROCESS, pid }, told(exit));
  }

  /** Ends it for want of memory. */
  exhaustMemory(): void {
    if (!this.init.isRunning) throw new Refusal("failed_precondition", "not running");
    this.oomKills++;
    this.#tell({ type: "oom" });
    this.init.end(KILLED, { oomKilled: true });
  }

  /**
   * Ends all its processes with whoever watches over them: of the first one alone is told how, as
   * the daemon does that finds the shim gone.
   */
  lose(): void {
    this.vanish();
    this.#isMuted = false;
    const { pid, exit } = this.init;
    if (!exit) return;
    this.#tell({ type: "exit", processId: INIT_PROCESS, pid, status: told(exit) });
    this.#tell({ type: "delete", processId: INIT_PROCESS, pid }, told(exit));
  }

  /** Ends all its processes and tells nobody: its host is gone. */
  vanish(): void {
    this.#isMuted = true;
    for (const process of this.processes) process.isForgotten = true;
    this.init.end(KILLED);
    for (const process of this.processes) process.remove();
  }

  #mustRun(): void {
    const { state } = this.init.state(this.#isPaused);
    if (state !== "running") throw new Refusal("failed_precondition", state);
  }

  #process(
    processId: string,
    spec: ProcessSpec,
    stdio: HostStdio,
    restored?: unknown,
  ): HostProcess {
    return new HostProcess(this.#machine, {
      ref: { containerId: this.containerId, processId },
      spec,
      stdio,
      restored,
      onMemory: () => this.#checkMemory(),
      onEnded: (process) => this.#ended(process),
    });
  }

  #ended(process: HostProcess): void {
    const { pid, exit, ref: { processId } } = process;
    if (processId === INIT_PROCESS) {
      this.#isPaused = false;
      // Its end is that of its process namespace.
      for (const each of this.execs.values()) {
        each.freezer.thaw("paused");
        if (each.isRunning) each.end(KILLED, { oomKilled: exit?.oomKilled ?? false });
      }
    }
    if (exit) this.#tell({ type: "exit", processId, pid, status: told(exit) });
  }

  #checkMemory(): void {
    const { memoryBytes } = this;
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, memoryBytes);
    const { memoryBytes: limit } = this.#limits;
    if (limit !== undefined && BigInt(memoryBytes) > limit && this.init.isRunning) {
      this.exhaustMemory();
    }
  }

  #tell(event: TaskEvent, exit?: ExitStatus): void {
    if (this.#isMuted) return;
    const timestamp = new Date(this.#machine.clock.now());
    const { containerId } = this;
    // The parts are those of one member of the union; the compiler does not put them together.
    const whole = { ...event, containerId, timestamp, source: "observed" } as ContainerEvent;
    this.#machine.bus.publish(whole, exit);
  }
}
