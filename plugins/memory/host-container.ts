import type {
  ContainerChanges,
  ContainerInfo,
  CreateRequest,
  TypedValue,
} from "../../src/runtime.ts";
import type { HostTask } from "./host-task.ts";

/** A container, on a machine that is made of memory. */
export class HostContainer {
  /** What it was made from. */
  readonly request: CreateRequest;
  /** When it was made. */
  readonly createdAt: Date;
  /** Its task, if it has one. */
  task: HostTask | undefined;
  #updatedAt: Date;
  #labels: Readonly<Record<string, string>>;
  #extensions: Readonly<Record<string, TypedValue>>;

  /** @param request What it is made from; it is copied: nobody changes it afterwards. */
  constructor(request: CreateRequest, createdAt: Date) {
    const { runtimeOptions, ...data } = request;
    this.request = { ...structuredClone(data), runtimeOptions };
    this.createdAt = createdAt;
    this.#updatedAt = createdAt;
    this.#labels = { ...request.labels };
    this.#extensions = this.request.extensions ?? {};
  }

  /** Its id. */
  get id(): string {
    return this.request.id;
  }

  /** Its record; nobody who changes it changes the container. */
  info(): ContainerInfo {
    const { id, image = "", shim, snapshot = { snapshotter: "", key: "" }, spec } = this.request;
    return structuredClone({
      id,
      image,
      shim,
      labels: this.#labels,
      extensions: this.#extensions,
      snapshot,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
      spec,
    });
  }

  /** Changes its record. */
  update({ labels = {}, extensions = {} }: ContainerChanges, now: Date): void {
    const kept = Object.entries({ ...this.#labels, ...labels })
      // As containerd has it: a label that is set to nothing is removed.
      .filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== "");
    this.#labels = Object.fromEntries(kept);
    this.#extensions = { ...this.#extensions, ...structuredClone(extensions) };
    this.#updatedAt = now;
  }
}
