import type { Stats } from "../../src/stats.ts";
import { containerSubject } from "./process-ref.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./times.ts";

/** How long the question may take, in milliseconds: an exit is not held up for it. */
const BUDGET_MS = 1000;

/**
 * Asks whether the kernel ended a process of a container for want of memory. Its counters outlive
 * the process until the task is deleted; the event of it may come late or, before containerd 2.2,
 * after the exit.
 */
export async function wasOomKilled(
  session: Session,
  containerId: string,
  options: { readonly suspected: boolean },
): Promise<boolean | "unknown"> {
  if (!options.suspected) return false;
  try {
    const { metrics } = await session.call(
      containerSubject("measure", containerId),
      (rpc) => session.tasks.metrics({ filters: [`id=="${containerId}"`] }, rpc),
      { signal: AbortSignal.timeout(BUDGET_MS) },
    );
    const [metric] = metrics;
    if (!metric) return "unknown";
    const { toStats } = await import("./stats.ts");
    return oomKills(toStats(metric.data, dateOf(metric.timestamp)));
  } catch {
    return "unknown";
  }
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
