import type { CountedClock } from "./clock.ts";
import type { EventBus } from "./event-bus.ts";
import type { MemoryFiles } from "./files.ts";
import type { MemoryProgram, MemoryPrograms } from "./program.ts";

/** What the containers of a host share. */
export interface Machine {
  /** Tells the time. */
  readonly clock: CountedClock;
  /** Takes what happens. */
  readonly bus: EventBus;
  /** Reads and writes files. */
  readonly files: MemoryFiles | undefined;
  /** What can be run. */
  readonly programs: MemoryPrograms;
  /** Programs that have been called and not returned. */
  readonly running: Set<object>;
  /** The process id of the next process. */
  nextPid(): number;
}

/** Where a program is looked for that is not there under its whole name. */
const FOLDERS = /^\/(?:usr\/(?:local\/)?)?s?bin\//;

/** The program of a name; `undefined` if there is none. */
export function findProgram(programs: MemoryPrograms, name: string): MemoryProgram | undefined {
  const short = name.replace(FOLDERS, "");
  for (const each of [name, short]) if (Object.hasOwn(programs, each)) return programs[each];
  return undefined;
}
