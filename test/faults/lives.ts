import type { RuntimeEvent } from "../../src/events.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";

/** What events tell of one process. */
export interface Life {
  /** How often it was started. */
  readonly starts: number;
  /** How often it ended. */
  readonly exits: number;
}

interface Counts {
  starts: number;
  exits: number;
}

/** A process by its ids, as `web/init`. */
export function processName(containerId: string, processId: string = INIT_PROCESS): string {
  return `${containerId}/${processId}`;
}

/** What events tell of each process; ids must not be used twice. */
export function livesOf(events: readonly RuntimeEvent[]): ReadonlyMap<string, Life> {
  return read(events).lives;
}

/**
 * What is wrong with the lives that events tell, where each id is used once: no process starts or
 * ends twice, or ends before it starts, or is told of after its deletion.
 */
export function disordersOf(events: readonly RuntimeEvent[]): readonly string[] {
  return read(events).disorders;
}

function read(
  events: readonly RuntimeEvent[],
): { readonly lives: ReadonlyMap<string, Life>; readonly disorders: readonly string[] } {
  const lives = new Map<string, Counts>();
  const deleted = new Set<string>();
  const disorders: string[] = [];
  for (const event of events) {
    if (!("containerId" in event)) continue;
    const { containerId, type } = event;
    const processId = "processId" in event ? event.processId : INIT_PROCESS;
    const name = processName(containerId, processId);
    if (deleted.has(containerId)) disorders.push(`${type} of ${name} after its deletion`);
    const life = lives.get(name) ?? { starts: 0, exits: 0 };
    lives.set(name, life);
    if (type === "start" || type === "exec-started") {
      if (life.starts++ > 0) disorders.push(`${name} started twice`);
      if (life.exits > 0) disorders.push(`${name} started after its end`);
    }
    if (type === "exit" && life.exits++ > 0) disorders.push(`${name} ended twice`);
    if (type === "delete" && processId === INIT_PROCESS) deleted.add(containerId);
  }
  return { lives, disorders };
}
