import type {
  CallOptions,
  Container,
  ContainerChanges,
  ContainerInfo,
  FindTaskOptions,
  NewTaskOptions,
  Task,
} from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { checkObject } from "./host-checks.ts";
import { hostError } from "./host-error.ts";
import type { HostRecord } from "./host-record.ts";
import type { HostSession } from "./host-session.ts";
import { HostTask } from "./host-task.ts";

/** What one client has in hand of a container. */
export class HostContainer implements Container {
  readonly id: string;
  readonly createdAt: Date;
  readonly #session: HostSession;
  readonly #records: Map<string, HostRecord>;
  readonly #record: HostRecord;

  constructor(session: HostSession, records: Map<string, HostRecord>, record: HostRecord) {
    this.id = record.info.id;
    this.createdAt = record.info.createdAt;
    this.#session = session;
    this.#records = records;
    this.#record = record;
  }

  // deno-lint-ignore require-await
  async info(options?: CallOptions): Promise<ContainerInfo> {
    this.#check(options);
    return this.#record.info;
  }

  // deno-lint-ignore require-await
  async update(changes: ContainerChanges, options?: CallOptions): Promise<ContainerInfo> {
    this.#check(options);
    checkObject(changes, "changes");
    checkObject(changes.labels ?? {}, "labels");
    checkObject(changes.extensions ?? {}, "extensions");
    const { info } = this.#record;
    const labels = Object.entries({ ...info.labels, ...changes.labels })
      .filter((each): each is [string, string] => each[1] !== null);
    return this.#record.info = {
      ...info,
      labels: Object.fromEntries(labels),
      extensions: { ...info.extensions, ...changes.extensions },
      updatedAt: new Date(),
    };
  }

  // deno-lint-ignore require-await
  async newTask(options: NewTaskOptions = {}): Promise<Task> {
    this.#check(options);
    const { id } = this;
    if (options.checkpointDir !== undefined) {
      const message = `Cannot continue container "${id}": there are no checkpoints`;
      throw hostError("unimplemented", message, { containerId: id });
    }
    const { process } = this.#record.info.spec;
    if (!process) {
      const message = `Cannot start container "${id}": its spec has no process`;
      throw hostError("invalid_argument", message, { containerId: id, field: "process" });
    }
    const child = this.#record.add(INIT_PROCESS, process, options);
    return new HostTask(this.#session, this.#record, child);
  }

  // deno-lint-ignore require-await
  async task(options: FindTaskOptions = {}): Promise<Task> {
    this.#check(options);
    const child = this.#record.first;
    if (child) return new HostTask(this.#session, this.#record, child);
    const message = `Cannot find task of container "${this.id}": there is none`;
    throw hostError("not_found", message, { containerId: this.id });
  }

  // deno-lint-ignore require-await
  async delete(options?: CallOptions): Promise<void> {
    this.#check(options);
    if (this.#record.first) {
      const message = `Cannot delete container "${this.id}": it has a task`;
      throw hostError("failed_precondition", message, { containerId: this.id });
    }
    this.#records.delete(this.id);
  }

  #check(options: CallOptions | undefined): void {
    this.#session.check(options);
    if (this.#records.get(this.id) === this.#record) return;
    const message = `Cannot use container "${this.id}": it is gone`;
    throw hostError("not_found", message, { containerId: this.id });
  }
}
