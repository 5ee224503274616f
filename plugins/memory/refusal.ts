import { ContainerError, type ContainerErrorOptions, type ErrorCode } from "../../src/errors.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import type { MemoryMethod } from "./methods.ts";

/** What a call is about. */
export interface Subject {
  /** The call. */
  readonly method: MemoryMethod;
  /** What cannot be done if it fails: `Cannot pause container "web"`. */
  readonly action: string;
  /** The container it is about. */
  readonly containerId?: string | undefined;
  /** The process it is about. */
  readonly processId?: string | undefined;
}

/** Why the machine did not do what it was asked to; the connection makes an error of it. */
export class Refusal extends Error {
  /** The kind of the error. */
  readonly code: ErrorCode;
  /** What else the error tells. */
  readonly details: Pick<ContainerErrorOptions, "exitCode" | "field">;

  /** @param state What stands after the colon. */
  constructor(code: ErrorCode, state: string, details: Refusal["details"] = {}) {
    super(state);
    this.code = code;
    this.details = details;
  }
}

/** The error that the caller gets. */
export function errorOf(subject: Subject, plugin: string, refusal: Refusal): ContainerError {
  const { action, containerId, processId } = subject;
  return new ContainerError(refusal.code, `${action}: ${refusal.message}`, {
    plugin,
    containerId,
    processId,
    ...refusal.details,
  });
}

/** A call about a container: `pause`, `pause` is `Cannot pause container "web"`. */
export function aboutContainer(method: MemoryMethod, verb: string, containerId: string): Subject {
  return { method, action: `Cannot ${verb} container "${containerId}"`, containerId };
}

/** A call about a process of a container. */
export function aboutProcess(
  method: MemoryMethod,
  verb: string,
  ids: { readonly containerId: string; readonly processId: string },
): Subject {
  const { containerId, processId } = ids;
  const which = processId === INIT_PROCESS ? "task" : `process "${processId}"`;
  return { method, action: `Cannot ${verb} ${which} of container "${containerId}"`, ...ids };
}
