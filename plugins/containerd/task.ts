import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { checkCall } from "../../src/check-options.ts";
import { validateExecId, validateProcessId } from "../../src/identifiers.ts";
import { inspectable } from "../../src/inspectable.ts";
import type { Process as ProcessSpec } from "../../src/oci/spec.ts";
import { validateProcess, validateResources } from "../../src/oci/validate.ts";
import type {
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  ExecTaskOptions,
  PidInfo,
  Resources,
  Task,
} from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import type { Stats } from "../../src/stats.ts";
import { packJson } from "./any.ts";
import type { Exit } from "./exit-watch.ts";
import { ContainerdProcess, type ProcessInit } from "./process.ts";
import { containerSubject, processSubject } from "./process-ref.ts";
import { ProcessStdio } from "./process-stdio.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./times.ts";

const PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process";
const LINUX_RESOURCES_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";
const WINDOWS_RESOURCES_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/WindowsResources";

/** How long a task waits for its further processes before it is removed, in milliseconds. */
const EXECS_BUDGET_MS = 10_000;

/** What a task handle is made with. */
export interface TaskInit extends Omit<ProcessInit, "ref" | "onRemoved"> {
  /** Its container. */
  readonly containerId: string;
  /** Shim of its container. */
  readonly shim: string;
  /** Whether its resources are those of Windows. */
  readonly windows: boolean;
}

/** The task of a container in containerd. */
export class ContainerdTask extends ContainerdProcess implements Task {
  readonly #init: TaskInit;
  readonly #execs = new Set<ContainerdProcess>();

  static {
    inspectable(this, "Task", ({ containerId, pid }) => ({ containerId, pid }));
  }

  /** @param init What is known of it. */
  constructor(session: Session, init: TaskInit) {
    super(session, { ...init, ref: { containerId: init.containerId, processId: INIT_PROCESS } });
    this.#init = init;
  }

  /** Adds a process. */
  async exec(
    processId: string,
    process: ProcessSpec,
    options: ExecTaskOptions = {},
  ): Promise<ContainerdProcess> {
    checkCall(options);
    validateExecId(processId);
    validateProcess(process);
    const { containerId } = this;
    const ref = { containerId, processId };
    const terminal = process.terminal ?? false;
    const spec = packJson(PROCESS_TYPE, process);
    await this.session.settled(processSubject("add", ref), options);
    const stdio = await ProcessStdio.prepare(
      this.session,
      { ref, terminal, stdio: options.stdio ?? {}, onStreamError: options.onStreamError },
      options,
    );
    try {
      await this.session.change(
        processSubject("add", ref),
        (rpc) =>
          this.session.tasks.exec(
            { containerId, execId: processId, terminal, spec, ...stdio.paths },
            rpc,
          ),
        options,
        async () => {
          await this.session.call(
            processSubject("delete", ref),
            (rpc) => this.session.tasks.deleteProcess({ containerId, execId: processId }, rpc),
          );
        },
      );
    } catch (error) {
      // An aborted call may still be under way.
      await this.session.undo(processSubject("add", ref), () => stdio.close(), options);
      throw error;
    }
    return this.#process({ ref, pid: 0, stdio, terminal, isCreated: true });
  }

  /** Finds a process that was added before. */
  async loadProcess(processId: string, options: AttachOptions = {}): Promise<ContainerdProcess> {
    checkCall(options);
    validateProcessId(processId);
    const { containerId } = this;
    const ref = { containerId, processId };
    const { process } = await this.session.call(
      processSubject("find", ref),
      (rpc) => this.session.tasks.get({ containerId, execId: processId }, rpc),
      options,
    );
    const terminal = process?.terminal ?? false;
    const stdio = await ProcessStdio.attach(
      this.session,
      { ref, terminal, stdio: options.stdio ?? {}, onStreamError: options.onStreamError },
      process ?? { stdin: "", stdout: "", stderr: "" },
      options,
    );
    const isCreated = process?.status === Status.CREATED;
    return this.#process({ ref, pid: process?.pid ?? 0, stdio, terminal, isCreated });
  }

  /** Lists the processes in the container. */
  async listPids(options: CallOptions = {}): Promise<readonly PidInfo[]> {
    checkCall(options);
    const { processes } = await this.session.call(
      containerSubject("list processes of", this.containerId),
      (rpc) => this.session.tasks.listPids({ containerId: this.containerId }, rpc),
      options,
    );
    // Loaded on first use, as what follows is: starting a container needs none of their stubs.
    const { pidInfo } = await import("./pid-info.ts");
    return processes.map((process) => pidInfo(process, this.pid));
  }

  /** Measures what the container uses. */
  async stats(options: CallOptions = {}): Promise<Stats> {
    checkCall(options);
    const subject = containerSubject("measure", this.containerId);
    const { metrics: [metric] } = await this.session.call(
      subject,
      (rpc) => this.session.tasks.metrics({ filters: [`id=="${this.containerId}"`] }, rpc),
      options,
    );
    if (!metric) throw this.session.notFound(subject, "no running task");
    const { toStats } = await import("./stats.ts");
    return toStats(metric.data, dateOf(metric.timestamp));
  }

  /** Freezes all processes. */
  async pause(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    await this.session.call(
      containerSubject("pause", this.containerId),
      (rpc) => this.session.tasks.pause({ containerId: this.containerId }, rpc),
      options,
    );
  }

  /** Thaws all processes. */
  async resume(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    await this.session.call(
      containerSubject("resume", this.containerId),
      (rpc) => this.session.tasks.resume({ containerId: this.containerId }, rpc),
      options,
    );
  }

  /** Changes the limits of the running container. */
  async updateResources(resources: Resources, options: CallOptions = {}): Promise<void> {
    checkCall(options);
    validateResources(resources);
    const type = this.#init.windows ? WINDOWS_RESOURCES_TYPE : LINUX_RESOURCES_TYPE;
    const { containerId } = this;
    await this.session.call(
      containerSubject("update resources of", containerId),
      (rpc) =>
        this.session.tasks.update({ containerId, resources: packJson(type, resources) }, rpc),
      options,
    );
  }

  /** Writes the state of all processes to a folder. */
  async createCheckpoint(directory: string, options: CheckpointOptions = {}): Promise<void> {
    checkCall(options);
    const { writeCheckpoint } = await import("./checkpoint.ts");
    await writeCheckpoint(this.session, this.containerId, directory, options);
  }

  /**
   * Removes the further processes that were reached by this handle. Their ends are told only as
   * long as there is a task.
   */
  protected override async beforeRemoval(cut: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([cut, AbortSignal.timeout(EXECS_BUDGET_MS)]);
    const removals = [...this.#execs].map((process) => process.delete({ force: true, signal }));
    await Promise.allSettled(removals);
  }

  /** Removes it if its container was removed while it was made. */
  protected override async removeOrphan(
    error: unknown,
    cut: AbortSignal,
  ): Promise<Exit | undefined> {
    // Loaded on first use: hardly anybody needs it.
    const { isWithoutRecord, removeOrphan } = await import("./orphan-task.ts");
    if (!isWithoutRecord(error)) return undefined;
    const { containerId, pid } = this;
    return await removeOrphan(this.session, { containerId, pid, shim: this.#init.shim }, cut);
  }

  #process(init: Omit<ProcessInit, "memoryLimited" | "onRemoved">): ContainerdProcess {
    const process = new ContainerdProcess(this.session, {
      ...init,
      memoryLimited: this.#init.memoryLimited,
      onRemoved: (removed) => this.#execs.delete(removed),
    });
    this.#execs.add(process);
    return process;
  }
}
