import type { CallOptions as RpcOptions } from "@connectrpc/connect";
import type { Container as Record } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import type { Mount } from "../../proto/gen/containerd/types/mount_pb.ts";
import { checkCall } from "../../src/check-options.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import { inspectable } from "../../src/inspectable.ts";
import type { Spec } from "../../src/oci/spec.ts";
import type {
  CallOptions,
  Container,
  ContainerChanges,
  ContainerInfo,
  FindTaskOptions,
  NewTaskOptions,
} from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { packTyped } from "./any.ts";
import type { CheckpointDescriptor } from "./checkpoint.ts";
import { containerInfo, specOf } from "./container-info.ts";
import { validateChanges } from "./create-request.ts";
import { getTask, isUnmade } from "./get-task.ts";
import { type ContainerSubject, containerSubject } from "./process-ref.ts";
import { leftoversOf } from "./leftovers.ts";
import { ProcessStdio } from "./process-stdio.ts";
import { retryCreate } from "./retry-create.ts";
import { type Session, unlessMissing } from "./session.ts";
import { startFailure } from "./start-failure.ts";
import { dateOf } from "./times.ts";
import { ContainerdTask, type TaskInit } from "./task.ts";

/** A container in containerd. */
export class ContainerdContainer implements Container {
  /** Its id. */
  readonly id: string;
  /** When it was made. */
  readonly createdAt: Date;
  readonly #session: Session;
  readonly #shim: string;
  readonly #spec: Spec;
  readonly #snapshot: { readonly snapshotter: string; readonly key: string };

  static {
    inspectable(this, "Container", (container) => ({ id: container.id, runtime: container.#shim }));
  }

  /** @param record Its record, as containerd has it. */
  constructor(session: Session, record: Record) {
    this.id = record.id;
    this.createdAt = dateOf(record.createdAt);
    this.#session = session;
    this.#shim = record.runtime?.name ?? "";
    this.#spec = specOf(record);
    this.#snapshot = { snapshotter: record.snapshotter, key: record.snapshotKey };
  }

  /** Reads its record. */
  async info(options: CallOptions = {}): Promise<ContainerInfo> {
    checkCall(options);
    const { container } = await this.#session.call(
      containerSubject("find", this.id),
      (rpc) => this.#session.containers.get({ id: this.id }, rpc),
      options,
    );
    if (container) return containerInfo(container);
    throw this.#session.notFound(containerSubject("find", this.id), "no record");
  }

  /** Changes labels and extensions of its record. */
  async update(changes: ContainerChanges, options: CallOptions = {}): Promise<ContainerInfo> {
    checkCall(options);
    validateChanges(changes);
    const { labels = {}, extensions = {} } = changes;
    const paths = [
      ...Object.keys(labels).map((name) => `labels.${name}`),
      ...Object.keys(extensions).map((name) => `extensions.${name}`),
    ];
    // An update without paths stands for the whole record, which containerd refuses.
    if (paths.length === 0) return await this.info(options);
    const subject = containerSubject("update", this.id);
    const packed = Object.entries(extensions).map(([name, value]) => [name, packTyped(value)]);
    const { container } = await this.#session.change(
      subject,
      (rpc) =>
        this.#session.containers.update({
          container: {
            id: this.id,
            // containerd removes a label that is set to nothing.
            labels: Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, v ?? ""])),
            extensions: Object.fromEntries(packed),
          },
          updateMask: { paths },
        }, rpc),
      options,
    );
    if (container) return containerInfo(container);
    throw this.#session.notFound(subject, "no record");
  }

  /** Makes the task. */
  async newTask(options: NewTaskOptions = {}): Promise<ContainerdTask> {
    checkCall(options);
    const { signal, checkpointDir, stdio: wanted = {}, onStreamError } = options;
    signal?.throwIfAborted();
    await this.#session.settled(containerSubject("create task of", this.id), { signal });
    const rootfs = await this.#rootfs(options);
    const terminal = this.#spec.process?.terminal ?? false;
    const ref = { containerId: this.id, processId: INIT_PROCESS };
    const stdio = await ProcessStdio.prepare(
      this.#session,
      { ref, terminal, stdio: wanted, onStreamError },
      { signal },
    );
    const make = (checkpoint?: CheckpointDescriptor) =>
      this.#createTask({ rootfs, terminal, stdio, checkpoint }, { signal });
    try {
      if (checkpointDir === undefined) return await make();
      const { withCheckpoint } = await import("./checkpoint.ts");
      return await withCheckpoint(this.#session, this.id, checkpointDir, { signal }, make);
    } catch (error) {
      // An aborted Create may still be under way, and its shim about to open the pipes.
      await this.#session.undo(
        containerSubject("create task of", this.id),
        () => stdio.close(),
        { signal },
      );
      throw isContainerError(error) ? startFailure(error) : error;
    }
  }

  /** Finds the task. */
  async task(options: FindTaskOptions = {}): Promise<ContainerdTask> {
    checkCall(options);
    const { signal, force = false } = options;
    const { process } = await getTask(
      this.#session,
      containerSubject("find task of", this.id),
      force
        ? { signal, budgetMs: this.#session.options.removalBudgetMs, which: "all" }
        : { signal },
    );
    const terminal = process?.terminal ?? false;
    const stdio = await ProcessStdio.attach(
      this.#session,
      {
        ref: { containerId: this.id, processId: INIT_PROCESS },
        terminal,
        stdio: options.stdio ?? {},
        onStreamError: options.onStreamError,
      },
      process ?? { stdin: "", stdout: "", stderr: "" },
      options,
    );
    const isCreated = process?.status === Status.CREATED;
    return this.#task({ pid: process?.pid ?? 0, stdio, terminal, isCreated });
  }

  /** Removes the container. */
  async delete(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    const subject = containerSubject("delete", this.id);
    await this.#session.settled(subject, options);
    // In turn: a task that is made between the look and the removal would stay behind, out of reach.
    const remove = (cut?: AbortSignal) =>
      this.#session.turns.take(this.id, () => this.#delete(subject, { signal: cut }));
    await this.#session.finish(subject, remove, options);
  }

  async #delete(subject: ContainerSubject, { signal }: CallOptions): Promise<void> {
    // Found before the record is removed: what is made later is another container's.
    const finding = leftoversOf(this.#session, this.id);
    const { removalBudgetMs: budgetMs } = this.#session.options;
    try {
      const hasTask = await getTask(this.#session, subject, { signal, budgetMs }).then(
        () => true,
        (error: unknown) => {
          if (isUnmade(error)) return true;
          if (isContainerError(error, "not_found")) return false;
          throw error;
        },
      );
      // containerd itself would leave the task behind, out of reach.
      if (hasTask) {
        throw new ContainerError("failed_precondition", `${subject.action}: it has a task`, {
          containerId: this.id,
          plugin: this.#session.options.id,
        });
      }
      const left = await finding;
      await this.#session.call(
        subject,
        (rpc) => this.#session.containers.delete({ id: this.id }, rpc),
        { signal },
      );
      // The container is gone, whatever a driver has to say.
      await left?.remove().catch(() => {});
    } finally {
      (await finding)?.release();
    }
  }

  async #createTask(
    request: {
      readonly rootfs: readonly Mount[];
      readonly terminal: boolean;
      readonly stdio: ProcessStdio;
      readonly checkpoint: CheckpointDescriptor | undefined;
    },
    options: CallOptions,
  ): Promise<ContainerdTask> {
    const { rootfs, terminal, stdio, checkpoint } = request;
    const subject = containerSubject("create task of", this.id);
    const make = (rpc: RpcOptions) =>
      this.#session.tasks.create({
        containerId: this.id,
        rootfs: [...rootfs],
        terminal,
        ...stdio.paths,
        ...(checkpoint && { checkpoint }),
      }, rpc);
    const { pid } = await this.#session.finish(
      subject,
      (cut) =>
        this.#session.turns.take(
          this.id,
          () =>
            retryCreate(() => this.#session.call(subject, make, { signal: cut }), {
              ...options,
              hasTask: () => this.#hasTask(options),
            }),
        ),
      options,
      ({ pid }, budget) =>
        this.#task({ pid, stdio, terminal, isCreated: true }).delete({
          force: true,
          signal: budget,
        }),
    );
    return this.#task({ pid, stdio, terminal, isCreated: true });
  }

  /** What cannot be found out is no reason to make one again. */
  async #hasTask(options: CallOptions): Promise<boolean> {
    const subject = containerSubject("find task of", this.id);
    const found = unlessMissing(getTask(this.#session, subject, options));
    return await found.then((task) => task !== undefined, () => true);
  }

  #task(init: Pick<TaskInit, "pid" | "stdio" | "terminal" | "isCreated">): ContainerdTask {
    return new ContainerdTask(this.#session, {
      ...init,
      containerId: this.id,
      shim: this.#shim,
      memoryLimited: Boolean(this.#spec.linux?.resources?.memory?.limit),
      windows: this.#spec.windows !== undefined && this.#spec.linux === undefined,
    });
  }

  async #rootfs(options: CallOptions): Promise<readonly Mount[]> {
    if (this.#snapshot.key === "") return [];
    // Loaded on first use: a container with a folder for its root needs no snapshots.
    const { snapshotMounts } = await import("./snapshot-mounts.ts");
    const subject = containerSubject("mount snapshot of", this.id);
    return await snapshotMounts(this.#session, subject, this.#snapshot, options);
  }
}
