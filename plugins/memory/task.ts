import { checkCall } from "../../src/check-options.ts";
import { validateExecId, validateProcessId } from "../../src/identifiers.ts";
import { inspectable } from "../../src/inspectable.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import { validateProcess, validateResources } from "../../src/oci/validate.ts";
import {
  type AttachOptions,
  type CallOptions,
  type CheckpointOptions,
  type ExecTaskOptions,
  INIT_PROCESS,
  type PidInfo,
  type ProcessSpec,
  type Resources,
  type Stats,
  type Task,
} from "../../src/runtime.ts";
import { attachStreams, newStreams } from "./process-streams.ts";
import type { Connection } from "./connection.ts";
import { FORMAT } from "./checkpoints.ts";
import { measure } from "./measure.ts";
import { MemoryProcess, type MemoryProcessInit } from "./process.ts";
import { aboutContainer, aboutProcess, Refusal, type Subject } from "./refusal.ts";
import { SIGKILL } from "./signal-handlers.ts";

/** What the handle of a task is made with. */
export interface MemoryTaskInit extends Omit<MemoryProcessInit, "ref"> {
  /** Its container. */
  readonly containerId: string;
}

/** The task of a container on a machine that is made of memory. */
export class MemoryTask extends MemoryProcess implements Task {
  static {
    inspectable(this, "Task", ({ containerId, pid }) => ({ containerId, pid }));
  }

  /** @param init What is known of it. */
  constructor(connection: Connection, init: MemoryTaskInit) {
    super(connection, { ...init, ref: { containerId: init.containerId, processId: INIT_PROCESS } });
  }

  /** Adds a process. */
  async exec(
    processId: string,
    process: ProcessSpec,
    options: ExecTaskOptions = {},
  ): Promise<MemoryProcess> {
    checkCall(options);
    validateExecId(processId);
    validateProcess(process);
    const { containerId } = this;
    const ref = { containerId, processId };
    const spec = structuredClone(process);
    const { host, attach } = await newStreams(this.connection, {
      ...options,
      ref,
      terminal: spec.terminal ?? false,
    });
    const { pid } = await this.connection.link.call(
      aboutProcess("exec", "add", ref),
      (daemon) => daemon.task(containerId).exec(processId, spec, host),
      {
        signal: options.signal,
        undo: () => void this.connection.host.daemon.removeProcess(ref),
      },
    ).catch((error: unknown) => {
      attach().close();
      throw error;
    });
    return new MemoryProcess(this.connection, { ref, pid, streams: attach() });
  }

  /** Finds a process that was added before. */
  async loadProcess(processId: string, options: AttachOptions = {}): Promise<MemoryProcess> {
    checkCall(options);
    validateProcessId(processId);
    const ref = { containerId: this.containerId, processId };
    const found = await this.connection.link.call(
      aboutProcess("loadProcess", "find", ref),
      (daemon) => daemon.process(ref),
      options,
    );
    const streams = attachStreams(this.connection, found, options);
    return new MemoryProcess(this.connection, { ref, pid: found.pid, streams });
  }

  /** Lists the processes in the container. */
  async listPids(options: CallOptions = {}): Promise<readonly PidInfo[]> {
    checkCall(options);
    return await this.connection.link.call(
      this.#about("listPids", "list processes of"),
      (daemon) => daemon.task(this.containerId).pids(),
      options,
    );
  }

  /** Measures what the container uses. */
  async stats(options: CallOptions = {}): Promise<Stats> {
    checkCall(options);
    return await this.connection.link.call(
      this.#about("stats", "measure"),
      (daemon) => measure(daemon.task(this.containerId), new Date(daemon.machine.clock.now())),
      options,
    );
  }

  /** Freezes all processes. */
  async pause(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    await this.connection.link.call(
      this.#about("pause", "pause"),
      (daemon) => daemon.task(this.containerId).pause(),
      options,
    );
  }

  /** Thaws all processes. */
  async resume(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    await this.connection.link.call(
      this.#about("resume", "resume"),
      (daemon) => daemon.task(this.containerId).resume(),
      options,
    );
  }

  /** Changes the limits of the running container. */
  async updateResources(resources: Resources, options: CallOptions = {}): Promise<void> {
    checkCall(options);
    validateResources(resources);
    await this.connection.link.call(
      this.#about("updateResources", "update resources of"),
      (daemon) => daemon.task(this.containerId).update(resources),
      options,
    );
  }

  /** Writes the state of the first process to a folder: what its program saves, and its limits. */
  async createCheckpoint(directory: string, options: CheckpointOptions = {}): Promise<void> {
    checkCall(options);
    checkFolder(directory, "directory");
    const { exit = false, signal } = options;
    const subject = this.#about("createCheckpoint", "checkpoint");
    const { link, host } = this.connection;
    const { containerId } = this;
    await link.call(subject, async (daemon) => {
      const task = daemon.task(containerId);
      const { init } = task;
      const { state } = init.state(task.isPaused);
      if (state !== "running") throw new Refusal("failed_precondition", state);
      const checkpoint = { format: FORMAT, process: init.spec, state: init.save() } as const;
      await host.checkpoints.write(directory, { ...checkpoint, limits: task.limits });
      task.checkpointed();
      if (exit) init.signal(SIGKILL);
    }, { signal });
  }

  #about(method: Subject["method"], verb: string): Subject {
    return aboutContainer(method, verb, this.containerId);
  }
}

/** Refuses what is no folder. */
export function checkFolder(directory: unknown, field: string): void {
  if (typeof directory === "string" && directory !== "" && !directory.includes("\0")) return;
  throw invalidArgument(field, `Cannot use folder "${shown(directory)}": not a path`);
}
