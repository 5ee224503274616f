import type { ExitEvent, RuntimeEvent } from "../../src/events.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";

/** 128 + SIGKILL: of a process that was made and killed before it was started. */
export const KILLED = 137;

/** Names one process, also where its ids are used again. */
export function lifeName(containerId: string, processId: string, pid: number): string {
  return `${containerId}/${processId}/${pid}`;
}

/** What events tell of the processes of a runtime. */
export interface Lives {
  /** The processes whose start was told and whose end was not. */
  readonly open: ReadonlySet<string>;
  /** How each process ended. */
  readonly ends: ReadonlyMap<string, ExitEvent>;
  /** Those that ended by a kill and whose start was not told: they may never have been started. */
  readonly unstarted: ReadonlySet<string>;
  /** What must not be. */
  readonly problems: readonly string[];
}

/**
 * Reads what a stream has told. Each process is started once at most and ends once at most, after
 * its start; a task begins once the one before is deleted; and the connection is lost before it is
 * found again.
 */
export function readLives(events: readonly RuntimeEvent[]): Lives {
  const open = new Set<string>();
  const started = new Set<string>();
  const ends = new Map<string, ExitEvent>();
  const tasks = new Map<string, number>();
  const unstarted = new Set<string>();
  const problems: string[] = [];
  let isConnected = true;
  for (const event of events) {
    if (!("containerId" in event)) {
      if (event.type === "gap") problems.push("gap");
      else if (isConnected === (event.type === "connected")) problems.push(`${event.type} twice`);
      isConnected = event.type === "connected";
      continue;
    }
    const { containerId, type } = event;
    if (type === "create") {
      if (tasks.has(containerId)) problems.push(`a second task of ${containerId}`);
      tasks.set(containerId, event.pid);
    } else if (type === "start" || type === "exec-started") {
      const processId = type === "start" ? INIT_PROCESS : event.processId;
      const name = lifeName(containerId, processId, event.pid);
      if (started.has(name)) problems.push(`${name} started twice`);
      started.add(name);
      open.add(name);
    } else if (type === "exit") {
      const name = lifeName(containerId, event.processId, event.pid);
      const { status } = event;
      const isUnstarted = status.state === "exited" && status.code === KILLED;
      if (ends.has(name)) problems.push(`${name} ended twice`);
      if (!open.delete(name)) {
        if (isUnstarted) unstarted.add(name);
        else problems.push(`${name} ended without a start`);
      }
      ends.set(name, event);
    } else if (type === "delete" && event.processId === INIT_PROCESS) {
      tasks.delete(containerId);
      const left = [...open].filter((name) => name.startsWith(`${containerId}/`));
      problems.push(...left.map((name) => `${name} did not end before its task was deleted`));
    }
  }
  return { open, ends, unstarted, problems };
}
