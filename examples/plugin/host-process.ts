import type {
  CallOptions,
  DeleteOptions,
  ExitStatus,
  KillOptions,
  Process,
  ProcessStatus,
  Stdio,
  TerminalSize,
} from "../../src/runtime.ts";
import type { HostChild } from "./host-child.ts";
import { hostError } from "./host-error.ts";
import type { HostRecord } from "./host-record.ts";
import type { HostSession } from "./host-session.ts";
import { signalNumber } from "./host-signals.ts";

/** What one client has in hand of a process. */
export class HostProcess implements Process {
  protected readonly session: HostSession;
  protected readonly record: HostRecord;
  protected readonly child: HostChild;
  readonly exited: Promise<ExitStatus>;

  constructor(session: HostSession, record: HostRecord, child: HostChild) {
    this.session = session;
    this.record = record;
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.ended.then((status) => session.closed.aborted || resolve(status));
    });
  }

  get id(): string {
    return this.child.ids.processId;
  }

  get containerId(): string {
    return this.child.ids.containerId;
  }

  get pid(): number {
    return this.child.pid;
  }

  get stdio(): Stdio {
    return this.child.streams.stdio;
  }

  async start(options?: CallOptions): Promise<void> {
    this.check(options);
    await this.record.start(this.child);
  }

  async wait(options?: CallOptions): Promise<ExitStatus> {
    this.session.check(options);
    return await this.child.hold(this.session.until(this.child.ended, options));
  }

  // deno-lint-ignore require-await
  async kill(signal: number | string, options?: KillOptions): Promise<void> {
    this.check(options);
    const number = signalNumber(signal);
    this.child.signal(number);
    if (!options?.all) return;
    for (const other of this.record.processes.values()) {
      if (other !== this.child && other.status.state === "running") other.signal(number);
    }
  }

  // deno-lint-ignore require-await
  async resize(_: TerminalSize, options?: CallOptions): Promise<void> {
    this.check(options);
    const message = `Cannot resize "${this.id}": it has no terminal`;
    throw hostError("failed_precondition", message, this.child.ids);
  }

  // deno-lint-ignore require-await
  async closeStdin(options?: CallOptions): Promise<void> {
    this.check(options);
    this.child.streams.closeStdin();
  }

  // deno-lint-ignore require-await
  async status(options?: CallOptions): Promise<ProcessStatus> {
    this.check(options);
    return this.child.status;
  }

  async delete(options?: DeleteOptions): Promise<ExitStatus> {
    this.check(options);
    const { child, record } = this;
    const { state } = child.status;
    if (state !== "stopped" && state !== "created" && !options?.force) {
      const message = `Cannot delete process "${this.id}": ${state}`;
      throw hostError("failed_precondition", message, child.ids);
    }
    const ended = state === "stopped" ? child.ended : child.kill();
    const status = await child.hold(this.session.until(ended, options));
    record.remove(child);
    return status;
  }

  /** Refuses what is over, and a process that somebody has removed. */
  protected check(options: CallOptions | undefined): void {
    this.session.check(options);
    if (this.record.processes.get(this.id) === this.child) return;
    throw hostError("not_found", `Cannot use process "${this.id}": it is gone`, this.child.ids);
  }
}
