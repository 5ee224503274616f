import type { Any } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Container as Record } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { checkCall } from "../../src/check-options.ts";
import { ContainerError, invalidArgument, isContainerError, shown } from "../../src/errors.ts";
import type { EventStream } from "../../src/events.ts";
import { validateContainerId, validateShimName } from "../../src/identifiers.ts";
import { inspectable } from "../../src/inspectable.ts";
import { validateLabels } from "../../src/labels.ts";
import { isRecord, refuse } from "../../src/oci/check.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { validateSpec } from "../../src/oci/validate.ts";
import type {
  CallOptions,
  ContainerInfo,
  CreateRequest,
  ListOptions,
  Runtime,
  Version,
} from "../../src/runtime.ts";
import type { Rpc } from "../rpc/mod.ts";
import { packJson, packTyped } from "./any.ts";
import type { ContainerdApi } from "./as-containerd.ts";
import { ContainerdContainer } from "./container.ts";
import { containerInfo } from "./container-info.ts";
import { containerdEvents } from "./events.ts";
import { validateCreateRequest } from "./create-request.ts";
import { lazyIntrospection } from "./lazy-introspection.ts";
import { containerSubject } from "./process-ref.ts";
import { serverStream } from "./server-stream.ts";
import { SPEC_TYPE } from "./spec-type.ts";
import { Session, type SessionOptions, unlessMissing } from "./session.ts";

/** How often a container that is replaced is removed, while somebody starts it at the same time. */
const REMOVE_ATTEMPTS = 3;

/** A connected containerd daemon, in one namespace. */
export class ContainerdRuntime implements Runtime {
  /** What containerd has beyond other runtimes. */
  readonly containerd: ContainerdApi;
  readonly #session: Session;

  static {
    inspectable(this, "Runtime", (runtime) => {
      const { id, namespace } = runtime.#session.options;
      return { id, namespace };
    });
  }

  /** @param rpc The connection; the runtime closes it. */
  constructor(rpc: Rpc, options: SessionOptions) {
    this.#session = new Session(rpc, options);
    this.containerd = lazyIntrospection(this.#session);
  }

  /** Asks for the version. */
  async version(options: CallOptions = {}): Promise<Version> {
    checkCall(options);
    const { version, revision } = await this.#session.daemonVersion(options);
    return { version, revision };
  }

  /** Makes a container. */
  async createContainer(
    request: CreateRequest,
    options: CallOptions = {},
  ): Promise<ContainerdContainer> {
    checkCall(options);
    if (!isRecord(request)) refuse("request", "not an object");
    const { id, spec, shim, labels = {}, image = "", snapshot, extensions = {} } = request;
    validateContainerId(id);
    validateShimName(shim);
    validateSpec(spec);
    validateLabels(labels);
    validateCreateRequest(request);
    const runtimeOptions = await packedOptions(request);
    const record = {
      id,
      image,
      labels: { ...labels },
      runtime: { name: shim, ...(runtimeOptions && { options: runtimeOptions }) },
      spec: packJson(SPEC_TYPE, this.#withCgroup(request)),
      snapshotter: snapshot?.snapshotter ?? "",
      snapshotKey: snapshot?.key ?? "",
      extensions: Object.fromEntries(
        Object.entries(extensions).map(([name, value]) => [name, packTyped(value)]),
      ),
    };
    const subject = containerSubject("create", id);
    const create = () =>
      this.#session.change(
        subject,
        (rpc) => this.#session.containers.create({ container: record }, rpc),
        options,
        () =>
          this.#session.call(
            containerSubject("delete", id),
            (rpc) => this.#session.containers.delete({ id }, rpc),
          ),
      ).catch((error: unknown) => {
        throw isContainerError(error, "already_exists") ? this.#conflict(id, error) : error;
      });
    await this.#session.settled(subject, options);
    try {
      return this.#container((await create()).container, id);
    } catch (error) {
      if (!isContainerError(error, "conflict") || !request.replace) throw error;
      await this.#remove(id, options);
      return this.#container((await create()).container, id);
    }
  }

  /** Finds a container by its id. */
  async loadContainer(id: string, options: CallOptions = {}): Promise<ContainerdContainer> {
    checkCall(options);
    validateContainerId(id);
    const { container } = await this.#session.call(
      containerSubject("find", id),
      (rpc) => this.#session.containers.get({ id }, rpc),
      options,
    );
    return this.#container(container, id);
  }

  /** Subscribes to the events of all containers of the namespace. */
  events(options: CallOptions = {}): EventStream {
    checkCall(options);
    return containerdEvents(this.#session, options);
  }

  /** Lists the records of all containers of the namespace. */
  async *listContainers(options: ListOptions = {}): AsyncIterable<ContainerInfo> {
    const subject = { action: "Cannot list containers" };
    checkCall(options);
    const { signal, filters = [] } = options;
    // A string has letters, which would be taken for filters.
    if (!Array.isArray(filters)) {
      throw invalidArgument("filters", `Cannot use filters "${shown(filters)}": not an array`);
    }
    const other = filters.findIndex((filter: unknown) => typeof filter !== "string");
    if (other !== -1) {
      const message = `Cannot use filter "${shown(filters[other])}": not a string`;
      throw invalidArgument(`filters[${other}]`, message);
    }
    signal?.throwIfAborted();
    const request = { filters: [...filters] };
    const open = (signal: AbortSignal) =>
      this.#session.containers.listStream(request, this.#session.rpcOptions(signal));
    try {
      for await (const { container } of serverStream(open, signal)) {
        if (container) yield containerInfo(container);
      }
    } catch (error) {
      // A server, or a proxy, without the stream: one answer, of at most 16 MiB, has to do.
      if (!(error instanceof ConnectError) || error.code !== Code.Unimplemented) {
        throw this.#session.error(error, subject, signal);
      }
      const { containers } = await this.#session.call(
        subject,
        (rpc) => this.#session.containers.list(request, rpc),
        { signal },
      );
      for (const container of containers) yield containerInfo(container);
    }
  }

  /** Closes the connection; containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #container(record: Record | undefined, id: string): ContainerdContainer {
    if (record) return new ContainerdContainer(this.#session, record);
    throw this.#session.notFound(containerSubject("find", id), "no record");
  }

  #conflict(id: string, cause: ContainerError): ContainerError {
    return new ContainerError("conflict", `Cannot create container "${id}": id already in use`, {
      containerId: id,
      plugin: this.#session.options.id,
      cause,
    });
  }

  async #remove(id: string, options: CallOptions): Promise<void> {
    for (let attempt = 1;; attempt++) {
      const stale = await unlessMissing(this.loadContainer(id, options));
      if (stale === undefined) return;
      const task = await unlessMissing(stale.task({ ...options, force: true }));
      await task?.delete({ ...options, force: true });
      try {
        return await unlessMissing(stale.delete(options));
      } catch (error) {
        // A start that was under way has made a task in between.
        const hasTask = isContainerError(error, "failed_precondition");
        if (!hasTask || attempt === REMOVE_ATTEMPTS) throw error;
      }
    }
  }

  /** Containers of one daemon would share a cgroup, if each had not one of its own, named for it. */
  #withCgroup({ spec, id, runtimeOptions }: CreateRequest): Spec {
    if (spec.linux === undefined || spec.linux.cgroupsPath !== undefined) return spec;
    const { namespace } = this.#session.options;
    // Through systemd it is slice (empty for the usual one), prefix and name, and a path is refused.
    const cgroupsPath = isThroughSystemd(runtimeOptions)
      ? `:${namespace}:${id}`
      : `/${namespace}/${id}`;
    return { ...spec, linux: { ...spec.linux, cgroupsPath } };
  }
}

function isThroughSystemd(runtimeOptions: unknown): boolean {
  return typeof runtimeOptions === "object" && runtimeOptions !== null &&
    "systemdCgroup" in runtimeOptions && runtimeOptions.systemdCgroup === true;
}

async function packedOptions({ shim, runtimeOptions }: CreateRequest): Promise<Any | undefined> {
  if (runtimeOptions === undefined) return undefined;
  const { packRuntimeOptions } = await import("./runtime-options.ts");
  return packRuntimeOptions(shim, runtimeOptions);
}
