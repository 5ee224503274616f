import type { CallOptions } from "../../src/runtime.ts";
import type { Stats } from "../../src/stats.ts";
import { containerSubject } from "./process-ref.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./times.ts";

/** How long the question may take, in milliseconds: an exit is not held up for it. */
const BUDGET_MS = 1000;

/**
 * Whether the kernel ended a process of a container for want of memory, where that may be. Its
 * counters outlive the process until the task is deleted; the event of it may come late or, before
 * containerd 2.2, after the exit.
 */
export async function wasOomKilled(
  session: Session,
  containerId: string,
  options: { readonly suspected: boolean },
): Promise<boolean | "unknown"> {
  if (!options.suspected) return false;
  try {
    return await containerOomKilled(session, containerId, {
      signal: AbortSignal.timeout(BUDGET_MS),
    });
  } catch {
    return "unknown";
  }
}

/** Asks whether the kernel has ended a process of a container for want of memory. */
export async function containerOomKilled(
  session: Session,
  containerId: string,
  options: CallOptions,
): Promise<boolean | "unknown"> {
  const { metrics: [metric] } = await session.call(
    containerSubject("measure", containerId),
    (rpc) => session.tasks.metrics({ filters: [`id=="${containerId}"`] }, rpc),
    options,
  );
  if (!metric) return "unknown";
  const { toStats } = await import("./stats.ts");
  return oomKills(toStats(metric.data, dateOf(metric.timestamp)));
}

function oomKills(stats: Stats): boolean | "unknown" {
  switch (stats.kind) {
    case "cgroup1":
      return stats.memoryOomControl ? stats.memoryOomControl.oomKill > 0n : "unknown";
    case "cgroup2":
      return stats.memoryEvents ? stats.memoryEvents.oomKill > 0n : "unknown";
    default:
      return "unknown";
  }
}
