import { readdirSync } from "node:fs";
import type { Daemon } from "../../helpers/daemon.ts";
import { fifosBelow, taskIds } from "../../helpers/leaks.ts";
import { fifoDir } from "./open-client.ts";

/** What containerd and this machine have of a daemon's containers. */
export interface Leftovers {
  /** Ids of the container records. */
  readonly containers: readonly string[];
  /** Ids of the tasks. */
  readonly tasks: readonly string[];
  /** Folders in which the shims keep their containers. */
  readonly bundles: readonly string[];
  /** Leases, but those of `ctr` itself. */
  readonly leases: readonly string[];
  /** FIFOs of clients. */
  readonly fifos: readonly string[];
}

/** What there is when there is nothing. */
export const NOTHING: Leftovers = { containers: [], tasks: [], bundles: [], leases: [], fifos: [] };

/** Asks with `ctr`, and not with the client that is tested. */
export async function leftovers(daemon: Daemon): Promise<Leftovers> {
  const [containers, tasks, leases] = await Promise.all([
    daemon.ctr("containers", "list", "--quiet"),
    taskIds(daemon),
    daemon.ctr("leases", "list", "--quiet"),
  ]);
  return {
    containers: lines(containers),
    tasks,
    bundles: folder(`${daemon.home}/state/io.containerd.runtime.v2.task/${daemon.namespace}`),
    leases: lines(leases),
    fifos: fifosBelow(fifoDir(daemon)),
  };
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "").sort();
}

function folder(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
