import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { found, sharedRootfs } from "./cache.ts";

/** A root file system of one test. */
export interface Rootfs {
  /** Its path. */
  readonly path: string;
  /** Removes it. */
  remove(): void;
}

/** Copies the busybox root file system (2 MB), for a test that writes to it. */
export function makeRootfs(): Rootfs {
  const path = mkdtempSync("/tmp/lcrootfs-");
  execFileSync("cp", ["--archive", `${found(sharedRootfs)}/.`, path]);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
