import { checkCall } from "../../src/check-options.ts";
import { validateCreateRequest } from "../../src/create-request.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import type { EventStream } from "../../src/events.ts";
import { validateContainerId } from "../../src/identifiers.ts";
import { inspectable } from "../../src/inspectable.ts";
import type {
  CallOptions,
  ContainerInfo,
  CreateRequest,
  ListOptions,
  Runtime,
  Version,
} from "../../src/runtime.ts";
import type { Connection } from "./connection.ts";
import { MemoryContainer } from "./container.ts";
import { hostEvents } from "./events.ts";
import { parseFilters } from "./filters.ts";
import { aboutContainer } from "./refusal.ts";

/** What the runtime says of itself: it is as old as its contract. */
const VERSION: Version = { version: "1.0.0", revision: "" };

/** A machine that is made of memory, as one client has it. */
export class MemoryRuntime implements Runtime {
  readonly #connection: Connection;

  static {
    inspectable(this, "Runtime", (runtime) => ({ id: runtime.#connection.link.plugin }));
  }

  /** @param connection Leads to the host; the runtime closes it. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Asks for the version. */
  async version(options: CallOptions = {}): Promise<Version> {
    checkCall(options);
    const subject = { method: "version", action: "Cannot get version of host" } as const;
    return await this.#connection.link.call(subject, () => VERSION, options);
  }

  /** Makes a container. */
  async createContainer(
    request: CreateRequest,
    options: CallOptions = {},
  ): Promise<MemoryContainer> {
    checkCall(options);
    validateCreateRequest(request);
    const { id } = request;
    const { link, host } = this.#connection;
    const container = await link.call(
      aboutContainer("createContainer", "create", id),
      (daemon) => daemon.create(request),
      { signal: options.signal, undo: () => host.daemon.remove(id) },
    );
    return new MemoryContainer(this.#connection, container);
  }

  /** Finds a container by its id. */
  async loadContainer(id: string, options: CallOptions = {}): Promise<MemoryContainer> {
    checkCall(options);
    validateContainerId(id);
    const container = await this.#connection.link.call(
      aboutContainer("loadContainer", "find", id),
      (daemon) => daemon.container(id),
      options,
    );
    return new MemoryContainer(this.#connection, container);
  }

  /** Subscribes to the events of all containers. */
  events(options: CallOptions = {}): EventStream {
    checkCall(options);
    return hostEvents(this.#connection, options);
  }

  /** Lists the records of all containers. */
  async *listContainers(options: ListOptions = {}): AsyncIterable<ContainerInfo> {
    checkCall(options);
    const { filters = [], signal } = options;
    // A string has letters, which would be taken for filters.
    if (!Array.isArray(filters)) {
      throw invalidArgument("filters", `Cannot use filters "${shown(filters)}": not an array`);
    }
    const matches = parseFilters(filters);
    const infos = await this.#connection.link.call(
      { method: "listContainers", action: "Cannot list containers" },
      (daemon) => daemon.containers.map((container) => container.info()).filter(matches),
      { signal },
    );
    for (const info of infos) {
      signal?.throwIfAborted();
      yield info;
    }
  }

  /** Closes the connection; containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.link.close();
  }
}
