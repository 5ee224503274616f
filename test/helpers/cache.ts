import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Root of the repository. */
export const repositoryDir: string = fileURLToPath(new URL("../..", import.meta.url))
  .replace(/\/$/, "");

/** What is downloaded or built for tests; git-ignored. */
export const cacheDir: string = `${repositoryDir}/.cache`;

/** Folder of runc. */
export const runcDir: string = `${cacheDir}/runc/bin`;

/** Folder of a CRIU that may know this kernel; see `criu.ts`. */
export const criuDir: string = `${cacheDir}/criu/bin`;

/** A root file system with busybox; shared, so mount it read-only or copy it (`rootfs.ts`). */
export const sharedRootfs: string = `${cacheDir}/rootfs`;

/** Where the JavaScript runtimes are installed. */
export const toolchainDir: string = `${repositoryDir}/test/setup/toolchain/node_modules`;

/** The containerd version that the tests of this process run against: 2.1 unless set. */
export const containerdVersion: string = process.env["LIBCONTAINERD_TEST_CONTAINERD"] ?? "2.1";

/** Folder of containerd, its shims and ctr. */
export function containerdDir(version: string = containerdVersion): string {
  return found(`${cacheDir}/containerd/${version}/bin`);
}

/** Gives the path back if it is there; says how to get it if not. */
export function found(path: string): string {
  if (existsSync(path)) return path;
  throw new Error(`Cannot use "${path}": no such file (npm run setup gets it)`);
}
