import { existsSync, readdirSync, readFileSync } from "node:fs";

/** The folders that a control group may have: one a hierarchy in v1, one in v2. */
const hierarchies = ["", "/pids", "/memory", "/unified"].map((name) => `/sys/fs/cgroup${name}`);

/** Process ids in the control group that the runtime gave to a container. */
export function cgroupPids(namespace: string, id: string): readonly number[] {
  for (const hierarchy of hierarchies) {
    try {
      const text = readFileSync(`${hierarchy}/${namespace}/${id}/cgroup.procs`, "utf8");
      return text.split("\n").flatMap(toNumber);
    } catch {
      // Not this hierarchy, or it is gone.
    }
  }
  return [];
}

/** The limit of a container's memory, in bytes, as the kernel has it. */
export function cgroupMemoryLimitBytes(namespace: string, id: string): number {
  return Number(read(namespace, id, ["memory.limit_in_bytes", "memory.max"]));
}

/** The limit of a container's swap, in bytes without memory, as the kernel has it. */
export function cgroupSwapLimitBytes(namespace: string, id: string): number {
  const both = read(namespace, id, ["memory.memsw.limit_in_bytes"]);
  if (both !== undefined) return Number(both) - cgroupMemoryLimitBytes(namespace, id);
  return Number(read(namespace, id, ["memory.swap.max"]));
}

function read(namespace: string, id: string, names: readonly string[]): string | undefined {
  for (const hierarchy of hierarchies) {
    for (const name of names) {
      const file = `${hierarchy}/${namespace}/${id}/${name}`;
      if (existsSync(file)) return readFileSync(file, "utf8").trim();
    }
  }
  return undefined;
}

function toNumber(line: string): readonly number[] {
  return line === "" ? [] : [Number(line)];
}

/** The control groups that there still are of a container, in whatever hierarchy. */
export function cgroupFolders(namespace: string, id: string): readonly string[] {
  return ["", ...readdirSync("/sys/fs/cgroup")]
    .map((hierarchy) => `/sys/fs/cgroup/${hierarchy}/${namespace}/${id}`)
    .filter((folder) => existsSync(folder));
}
