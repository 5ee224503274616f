import process from "node:process";
import type {
  CallOptions,
  Container,
  ContainerInfo,
  CreateRequest,
  EventStream,
  ListOptions,
  Runtime,
  RuntimePlugin,
  Version,
} from "../../src/runtime.ts";
import { checkObject } from "./host-checks.ts";
import { HostContainer } from "./host-container.ts";
import { hostError } from "./host-error.ts";
import { HostEvents } from "./host-events.ts";
import { HostRecord } from "./host-record.ts";
import { HostSession } from "./host-session.ts";

/**
 * Runs the first process of a container, and further ones, as plain processes of this host, with no
 * isolation at all: of a spec it takes arguments, environment and working folder, and nothing else.
 * The containers belong to this program, and all runtimes that this plugin opens see them. What a
 * further process has started is not followed once that has ended.
 */
export function hostRuntime(): RuntimePlugin {
  const records = new Map<string, HostRecord>();
  const events = new HostEvents();
  return {
    id: "host",
    open: (options) => {
      options?.signal?.throwIfAborted();
      return Promise.resolve(new HostRuntime(records, events));
    },
  };
}

/** What a registry takes where it is given `() => import("./host-runtime.ts")`. */
const plugin: RuntimePlugin = hostRuntime();
export default plugin;

class HostRuntime implements Runtime {
  readonly #records: Map<string, HostRecord>;
  readonly #events: HostEvents;
  readonly #session = new HostSession();

  constructor(records: Map<string, HostRecord>, events: HostEvents) {
    this.#records = records;
    this.#events = events;
  }

  // deno-lint-ignore require-await
  async version(options?: CallOptions): Promise<Version> {
    this.#session.check(options);
    return { version: process.version, revision: "" };
  }

  async createContainer(request: CreateRequest, options?: CallOptions): Promise<Container> {
    this.#session.check(options);
    checkObject(request, "request");
    const { id, spec, shim, labels = {}, image = "", extensions = {}, snapshot } = request;
    if (snapshot) {
      const message = `Cannot make container "${id}": there are no snapshots`;
      throw hostError("unimplemented", message, { containerId: id });
    }
    const before = this.#records.get(id);
    if (before && !request.replace) {
      const message = `Cannot make container "${id}": its id is in use`;
      throw hostError("conflict", message, { containerId: id });
    }
    if (before?.first) {
      await new HostContainer(this.#session, this.#records, before).task()
        .then((task) => task.delete({ ...options, force: true }));
    }
    const now = new Date();
    const none = { snapshotter: "", key: "" };
    const info: ContainerInfo = {
      id,
      image,
      shim,
      labels,
      extensions,
      snapshot: none,
      createdAt: now,
      updatedAt: now,
      spec,
    };
    const record = new HostRecord(info, this.#events);
    this.#records.set(id, record);
    return new HostContainer(this.#session, this.#records, record);
  }

  // deno-lint-ignore require-await
  async loadContainer(id: string, options?: CallOptions): Promise<Container> {
    this.#session.check(options);
    const record = this.#records.get(id);
    if (record) return new HostContainer(this.#session, this.#records, record);
    const message = `Cannot find container "${id}": there is none`;
    throw hostError("not_found", message, { containerId: id });
  }

  events(options?: CallOptions): EventStream {
    this.#session.check(options);
    const { closed } = this.#session;
    const signal = options?.signal ? AbortSignal.any([options.signal, closed]) : closed;
    return this.#events.subscribe(signal);
  }

  async *listContainers(options: ListOptions = {}): AsyncIterable<ContainerInfo> {
    this.#session.check(options);
    if (options.filters?.length) {
      throw hostError("unimplemented", 'Cannot list "containers": there are no filters');
    }
    for (const { info } of [...this.#records.values()]) yield info;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#session.close();
    return Promise.resolve();
  }
}
