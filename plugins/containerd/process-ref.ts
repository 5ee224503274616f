import { INIT_PROCESS } from "../../src/runtime.ts";
import type { Subject } from "./session.ts";

/** Names one process; containerd's exec id of the first process is empty. */
export interface ProcessRef {
  /** The container. */
  readonly containerId: string;
  /** The process in it. */
  readonly processId: string;
}

/** The ids of a process, as containerd's requests want them. */
export function execIds(ref: ProcessRef): { containerId: string; execId: string } {
  return {
    containerId: ref.containerId,
    execId: ref.processId === INIT_PROCESS ? "" : ref.processId,
  };
}

/** The subject of a call on a process: `Cannot kill process "init" of container "web"`. */
export function processSubject(verb: string, ref: ProcessRef): Subject {
  const { containerId, processId } = ref;
  return {
    action: `Cannot ${verb} process "${processId}" of container "${containerId}"`,
    containerId,
    processId,
  };
}

/** The subject of a call on a container. */
export interface ContainerSubject extends Subject {
  /** The container it is about. */
  readonly containerId: string;
}

/** The subject of a call on a container: `Cannot pause container "web"`. */
export function containerSubject(verb: string, containerId: string): ContainerSubject {
  return { action: `Cannot ${verb} container "${containerId}"`, containerId };
}
