import { readdirSync, rmdirSync } from "node:fs";

/**
 * Removes the empty folders that runc leaves of a namespace, once its containers are gone. A daemon
 * of the tests does so itself for its own namespace.
 */
export function removeNamespaceFolders(namespace: string): void {
  removeEmpty(`/run/containerd/runc/${namespace}`);
  for (const hierarchy of ["", ...readdirSync("/sys/fs/cgroup")]) {
    removeEmpty(`/sys/fs/cgroup/${hierarchy}/${namespace}`);
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not there, or not a folder of this kind.
  }
}
