import { readFileSync } from "node:fs";
import { readProcess } from "../../helpers/processes.ts";
import { eventually } from "../../helpers/eventually.ts";

/** How many bytes a process has written so far. */
export function writtenBytes(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

/** Samples in a row in which nothing moved, after which a writer counts as stalled. */
const STILL_SAMPLES = 30;

/**
 * Waits until a process that does nothing but write sleeps and gets no further.
 *
 * @returns How many bytes it has written.
 */
export async function untilStalled(pid: number): Promise<number> {
  let last = -1;
  let still = 0;
  await eventually(`process ${pid} stalls`, () => {
    const now = writtenBytes(pid);
    const isStill = now === last && readProcess(pid)?.state === "S";
    still = isStill ? still + 1 : 0;
    last = now;
    return still >= STILL_SAMPLES;
  });
  return last;
}
