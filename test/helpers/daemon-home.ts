import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { runcDir } from "./cache.ts";
import { mountsBelow, unmountSync } from "./mounts.ts";
import {
  descendantsOf,
  findByArguments,
  isRunning,
  killAndWaitSync,
  readProcess,
} from "./processes.ts";

const prefix = "/tmp/lctd-";
/** Where streams have their pipes, in folders named by namespace and container id. */
const pipesDir = "/run/libcontainerd/fifo";
const ownerFile = "owner.json";

/**
 * Makes the folder of a daemon. Its path is short, because a socket's path is at most 107 bytes,
 * and it tells which process it belongs to.
 */
export function makeHome(): string {
  const home = mkdtempSync(prefix);
  const startTicks = readProcess(process.pid)?.startTicks;
  writeFileSync(`${home}/${ownerFile}`, JSON.stringify({ pid: process.pid, startTicks }));
  for (const name of ["root", "state"]) mkdirSync(`${home}/${name}`);
  return home;
}

/** Address of the daemon in a folder. */
export function socketOf(home: string): string {
  return `${home}/c.sock`;
}

/** Address of a daemon that a supervisor runs in a folder. */
export function supervisedSocketOf(home: string): string {
  return `${home}/containerd.sock`;
}

/** The namespace that only the daemon in a folder uses. */
export function namespaceOf(home: string): string {
  return home.slice(home.lastIndexOf("/") + 1).toLowerCase();
}

/**
 * Ends everything that belongs to the daemon in a folder and removes the folder: the daemon, its
 * shims and their containers, mounts, cgroups, what runc knows of them, the shims' sockets, and the
 * pipes that clients have left to the containers.
 * Blocks, so that it can run when a process exits.
 */
export function removeHomeSync(home: string): void {
  const config = `${home}/config.toml`;
  killAndWaitSync(findByArguments("--config", config), 10_000);
  const bundles = bundlesOf(home);
  const shims = [socketOf(home), supervisedSocketOf(home)]
    .flatMap((socket) => findByArguments("-address", socket));
  killAndWaitSync([...descendantsOf(shims), ...shims], 10_000);
  for (const { namespace, id, folder } of bundles) {
    removeFromRunc(namespace, id);
    for (const socket of shimSockets(folder)) rmSync(socket, { force: true });
    // A client leaves those of a container that runs.
    removePipes(`fifo-${namespace}+${id}+`);
  }
  removePipes(`fifo-${namespaceOf(home)}+`);
  removeIfEmpty(pipesDir);
  for (const mount of [...mountsBelow(home)].reverse()) unmountSync(mount);
  // A container whose create failed has no bundle any more, but its namespace's folders are there.
  for (const namespace of new Set([namespaceOf(home), ...bundles.map((each) => each.namespace)])) {
    removeIfEmpty(`/run/containerd/runc/${namespace}`);
    for (const hierarchy of cgroupHierarchies()) removeIfEmpty(`${hierarchy}/${namespace}`);
  }
  rmSync(home, { recursive: true, force: true });
}

/** Removes what test processes left behind that were killed before they could. */
export function sweepAbandonedHomes(): void {
  for (const name of readdirSync("/tmp").filter((each) => `/tmp/${each}`.startsWith(prefix))) {
    const home = `/tmp/${name}`;
    if (isAbandoned(home) && claim(home)) removeHomeSync(home);
  }
}

function isAbandoned(home: string): boolean {
  try {
    const { pid, startTicks } = JSON.parse(readFileSync(`${home}/${ownerFile}`, "utf8"));
    return !isRunning(pid, startTicks);
  } catch {
    // Being made or being removed right now, or left by a process that died in between.
    const changedAt = statSync(home, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - changedAt > 600_000;
  }
}

// Of two processes that sweep at the same time one gets the folder.
function claim(home: string): boolean {
  const file = `${home}/sweeper`;
  try {
    if (isRunning(Number(readFileSync(file, "utf8")))) return false;
    unlinkSync(file);
  } catch {
    // Nobody sweeps it.
  }
  try {
    writeFileSync(file, `${process.pid}`, { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

interface Bundle {
  readonly namespace: string;
  readonly id: string;
  readonly folder: string;
}

function bundlesOf(home: string): readonly Bundle[] {
  const tasks = `${home}/state/io.containerd.runtime.v2.task`;
  return list(tasks).flatMap((namespace) =>
    list(`${tasks}/${namespace}`).map((id) => ({
      namespace,
      id,
      folder: `${tasks}/${namespace}/${id}`,
    }))
  );
}

function removeFromRunc(namespace: string, id: string): void {
  const root = `/run/containerd/runc/${namespace}`;
  if (!existsSync(`${root}/${id}`)) return;
  try {
    execFileSync(`${runcDir}/runc`, ["--root", root, "delete", "--force", id], { stdio: "ignore" });
  } catch {
    rmSync(`${root}/${id}`, { recursive: true, force: true });
  }
}

// containerd 2 writes bootstrap.json, the older ones address.
function shimSockets(bundle: string): readonly string[] {
  const texts = ["bootstrap.json", "address"].map((name) => {
    try {
      return readFileSync(`${bundle}/${name}`, "utf8");
    } catch {
      return "";
    }
  });
  return texts.flatMap((text) => [...text.matchAll(/unix:\/\/([^"\s]+)/g)].map((match) => match[1]))
    .filter((path) => path !== undefined);
}

function removePipes(prefix: string): void {
  for (const name of list(pipesDir).filter((each) => each.startsWith(prefix))) {
    rmSync(`${pipesDir}/${name}`, { recursive: true, force: true });
  }
}

function cgroupHierarchies(): readonly string[] {
  return ["/sys/fs/cgroup", ...list("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}`)];
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // In use by another daemon, or not there.
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
