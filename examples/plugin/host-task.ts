import type {
  AttachOptions,
  CallOptions,
  ExecTaskOptions,
  PidInfo,
  Process,
  ProcessSpec,
  Task,
} from "../../src/runtime.ts";
import { hostError } from "./host-error.ts";
import { about } from "./host-events.ts";
import { HostProcess } from "./host-process.ts";

/**
 * The first process of a container, and what acts on all of its processes. What a runtime does not
 * have it leaves out, as this does `stats`, `updateResources` and `createCheckpoint`: the client
 * then says `unimplemented`.
 */
export class HostTask extends HostProcess implements Task {
  // deno-lint-ignore require-await
  async exec(
    processId: string,
    spec: ProcessSpec,
    options: ExecTaskOptions = {},
  ): Promise<Process> {
    this.#checkState("running", "add a process to", options);
    const child = this.record.add(processId, spec, options);
    return new HostProcess(this.session, this.record, child);
  }

  // deno-lint-ignore require-await
  async loadProcess(processId: string, options: AttachOptions = {}): Promise<Process> {
    this.check(options);
    const child = this.record.processes.get(processId);
    const { containerId } = this;
    if (child) return new HostProcess(this.session, this.record, child);
    const message = `Cannot find process "${processId}": container "${containerId}" has none`;
    throw hostError("not_found", message, { containerId, processId });
  }

  // deno-lint-ignore require-await
  async listPids(options?: CallOptions): Promise<readonly PidInfo[]> {
    this.check(options);
    return [...this.record.processes]
      .filter(([, { status }]) => status.state === "running" || status.state === "paused")
      .map(([processId, { pid }]) => ({ pid, processId }));
  }

  // deno-lint-ignore require-await
  async pause(options?: CallOptions): Promise<void> {
    this.#checkState("running", "pause", options);
    for (const child of this.record.processes.values()) child.pause(true);
    this.record.events.emit({ ...about(this.containerId), type: "paused" });
  }

  // deno-lint-ignore require-await
  async resume(options?: CallOptions): Promise<void> {
    this.#checkState("paused", "resume", options);
    for (const child of this.record.processes.values()) child.pause(false);
    this.record.events.emit({ ...about(this.containerId), type: "resumed" });
  }

  #checkState(
    wanted: "running" | "paused",
    action: string,
    options: CallOptions | undefined,
  ): void {
    this.check(options);
    const { state } = this.child.status;
    if (state === wanted) return;
    const { containerId } = this;
    const message = `Cannot ${action} container "${containerId}": ${state}`;
    throw hostError("failed_precondition", message, { containerId });
  }
}
