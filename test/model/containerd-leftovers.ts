import { execFileSync } from "node:child_process";
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { cgroupPids } from "../containerd/cgroup-files.ts";
import { fifoDir } from "../containerd/support/open-client.ts";
import { found, runcDir } from "../helpers/cache.ts";
import type { Daemon } from "../helpers/daemon.ts";
import { mountsBelow } from "../helpers/mounts.ts";
import { allProcesses, argumentsOf, descendantsOf, killAndWaitSync } from "../helpers/processes.ts";
import type { BreakableCall, BrokenCalls } from "./broken-calls.ts";
import type { Station } from "./station.ts";

/** How long what is removed may take to be gone, in milliseconds; only a leak takes that. */
const BUDGET_MS = 20_000;

/** What {@linkcode leftoversOf} looks for. */
export interface LeftoversOptions {
  /** Whether a container is one of the schedule. */
  readonly isOwn: (containerId: string) => boolean;
  /** The calls that were broken off. */
  readonly calls: BrokenCalls;
}

interface Leftover {
  readonly kind: string;
  readonly id: string;
  readonly text: string;
}

/**
 * What containerd itself leaves of a call that is broken off, by the end of the connection, by its
 * own or by that of the shim or of runc: it forgets the task and does not get on with clearing it
 * away, while the shim, or its runc, goes on; and what a runc has begun that was killed, the next one
 * does not find. That is out of reach of any client, with 1.6, 1.7 and 2.1; it is not counted, but
 * removed.
 *
 * - Create: the shim that was started, and what its runc makes after the clearing away; and the folder
 *   that containerd was killed in the middle of making, which it does not clear away where the shim
 *   had not come to note its runtime there
 * - Delete: the shim, which is told to end afterwards only, and its folders
 */
const leftByBroken: Readonly<Record<BreakableCall, readonly string[]>> = {
  create: [
    "shim",
    "runc's record",
    "control group",
    "bundle",
    "work folder",
  ],
  delete: ["shim", "bundle", "work folder"],
};

/** What there may be of a shim. */
const leftByShim: readonly string[] = Object.values(leftByBroken).flat();

/** What there still is of some containers, once what is going away has had the time to. */
export async function leftoversOf(
  station: Station,
  { isOwn, calls }: LeftoversOptions,
): Promise<readonly string[]> {
  const deadline = Date.now() + BUDGET_MS;
  while (true) {
    const all = await look(station, isOwn);
    const has = (id: string, kind: string) =>
      all.some((each) => each.id === id && each.kind === kind);
    // A task whose container was removed meanwhile is removed by who made it alone, and once.
    const isOrphan = (id: string) => has(id, "task") && !has(id, "container") && calls.hasAny(id);
    // containerd that is killed while it clears away what it finds when it starts forgets that, too.
    const isHalfCleared = (id: string) => !has(id, "task") && isCleared(station, id);
    const isKnown = ({ kind, id }: Leftover) =>
      isOrphan(id) || (isHalfCleared(id) && leftByShim.includes(kind)) ||
      (["create", "delete"] as const).some((call) =>
        calls.has(call, id) && leftByBroken[call].includes(kind)
      );
    const left = all.filter((each) => !isKnown(each));
    if (left.length === 0 || Date.now() > deadline) {
      for (const id of new Set(all.filter(isKnown).map(({ id }) => id))) clear(station, id);
      return left.length === 0 ? [] : [...left.map(({ text }) => text), ...logOf(station, isOwn)];
    }
    await sleep(20);
  }
}

async function look(
  station: Station,
  isOwn: (containerId: string) => boolean,
): Promise<readonly Leftover[]> {
  const { daemon, headers } = station;
  const { home, namespace } = daemon;
  const [{ containers }, { tasks }] = await Promise.all([
    station.service(Containers).list({}, { headers }),
    station.service(Tasks).list({}, { headers }),
  ]);
  const [state = "", root = ""] = taskFolders(daemon);
  const own = (kind: string, ids: readonly string[], where = "") =>
    ids.filter(isOwn).map((id) => ({ kind, id, text: `${kind} "${id}"${where} is left` }));
  const other = (kind: string, text: string) => ({ kind, id: "", text: `${kind} ${text} is left` });
  return [
    ...own("container", containers.map(({ id }) => id)),
    ...own("task", tasks.map(({ id }) => id)),
    ...own("bundle", list(state)),
    ...own("work folder", list(root)),
    ...own("runc's record", list(`/run/containerd/runc/${namespace}`)),
    ...hierarchies().flatMap((folder) =>
      own("control group", list(`${folder}/${namespace}`), ` below "${folder}"`)
    ),
    ...list(fifoDir(daemon)).map((name) => other("folder of streams", name)),
    ...mountsBelow(home).filter((path) => path.split("/").some(isOwn))
      .map((path) => other("mount", path)),
    ...allProcesses().map(({ pid }) => ({ pid, args: argumentsOf(pid) })).flatMap(
      ({ pid, args }) => {
        const id = args.some((arg) => arg.includes(namespace)) ? args.find(isOwn) : undefined;
        if (id === undefined) return [];
        const kind = args[0]?.endsWith("-shim-runc-v2") ? "shim" : "process";
        return [{ kind, id, text: `${kind} ${pid} is left: ${args.join(" ")}` }];
      },
    ),
  ];
}

/** Whether containerd has begun to clear a container away that it found when it was started. */
function isCleared({ daemon }: Station, id: string): boolean {
  return daemon.logTail(2000).split("\n").some((line) =>
    line.includes("cleaning leaked shim process") && line.split(/[\s"]/).includes(`id=${id}`)
  );
}

/** What containerd says of some containers. */
function logOf({ daemon }: Station, isOwn: (containerId: string) => boolean): readonly string[] {
  return daemon.logTail(2000).split("\n").filter((line) => line.split(/[^\w-]+/).some(isOwn))
    .map((line) => `log: ${line}`);
}

function clear({ daemon }: Station, id: string): void {
  const { namespace } = daemon;
  const shims = daemon.shimPids(id);
  killAndWaitSync([...descendantsOf(shims), ...shims, ...cgroupPids(namespace, id)], 10_000);
  try {
    const root = `/run/containerd/runc/${namespace}`;
    const args = ["--root", root, "delete", "--force", id];
    execFileSync(`${found(runcDir)}/runc`, args, { stdio: "ignore" });
  } catch {
    // It has no record of it.
  }
  for (const folder of hierarchies()) removeIfEmpty(`${folder}/${namespace}/${id}`);
  for (const folder of taskFolders(daemon)) {
    rmSync(`${folder}/${id}`, { recursive: true, force: true });
  }
}

function taskFolders({ home, namespace }: Daemon): readonly string[] {
  return ["state", "root"].map((name) =>
    `${home}/${name}/io.containerd.runtime.v2.task/${namespace}`
  );
}

function hierarchies(): readonly string[] {
  return ["/sys/fs/cgroup", ...list("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}`)];
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not there.
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
