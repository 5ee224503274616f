import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { systemCode } from "../fifo/system-error.ts";
import { fileError } from "./file-error.ts";

/** Says which process is meant, also after its id has gone to another one. */
export interface ProcessIdentity {
  /** Its id. */
  readonly pid: number;
  /** When it was started, in clock ticks since boot: field 22 of `/proc/<pid>/stat`. */
  readonly startTicks: number;
  /** Which boot that was. */
  readonly bootId: string;
}

/** What the kernel says of a process, or nothing if there is none that runs. */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = fieldsOf(pid);
  if (fields === undefined) return undefined;
  const [state, startTicks] = [fields[0], Number(fields[19])];
  if (state === undefined || Number.isNaN(startTicks)) return undefined;
  // What has ended and was not waited for does nothing any more, once all of its threads have ended:
  // the first one is often not the last, and until then files and sockets are open.
  if ("ZX".includes(state) && countThreads(pid) <= 1) return undefined;
  return { pid, startTicks, bootId: readProc("sys/kernel/random/boot_id")?.trim() ?? "" };
}

/** Whether it is this process that runs, and not a later one with its id. */
export function isAlive({ pid, startTicks, bootId }: ProcessIdentity): boolean {
  const found = identify(pid);
  return found?.startTicks === startTicks && found.bootId === bootId;
}

/**
 * Whether a process was started as a daemon with a configuration: by its command line, and by the
 * name of its program, or of the script that is one.
 *
 * @param programs Names that the program may have.
 */
export function isDaemon(pid: number, configFile: string, programs: readonly string[]): boolean {
  const args = readProc(`${pid}/cmdline`)?.split("\0") ?? [];
  const at = args.indexOf("--config");
  if (at < 1 || args[at + 1] !== configFile) return false;
  return [programOf(pid), ...args.slice(0, Math.min(at, 2))].some((path) =>
    programs.includes(basename(path))
  );
}

/** Every process that was started as a daemon with a configuration, as {@linkcode isDaemon}. */
export function findDaemons(
  configFile: string,
  programs: readonly string[],
): readonly ProcessIdentity[] {
  return allPids().filter((pid) => isDaemon(pid, configFile, programs))
    .flatMap((pid) => identify(pid) ?? []);
}

/**
 * Whether a process sees the files and the processes that this one sees. One in a container may have
 * the very same command line, and is another's.
 */
export function isHere(pid: number): boolean {
  return ["mnt", "pid"].every((name) => {
    const own = namespaceOf("self", name);
    return own !== undefined && namespaceOf(pid, name) === own;
  });
}

/** The session that a process is in, by the id of the process that has begun it. */
export function sessionOf(pid: number): number | undefined {
  const session = fieldsOf(pid)?.[3];
  return session === undefined ? undefined : Number(session);
}

/** The ids of all processes. */
export function allPids(): readonly number[] {
  return readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).map(Number);
}

/**
 * Reads a file of `/proc`, or nothing if its process is gone.
 *
 * @throws {ContainerError} for what is not about the process, such as a missing permission in Deno: to
 * take that for the end of a process would be a mistake.
 */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw fileError(`Cannot read "/proc/${path}"`, error);
  }
}

/** Whether a process, or a file of it, is not there any more. */
export function isGone(error: unknown): boolean {
  return ["ENOENT", "ESRCH"].includes(systemCode(error));
}

/** What `/proc/<pid>/stat` says from its third field on, which is the state. */
function fieldsOf(pid: number): readonly string[] | undefined {
  const stat = readProc(`${pid}/stat`);
  // The name before may hold anything, also spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function namespaceOf(pid: number | "self", name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${name}`);
  } catch {
    return undefined; // of another user, or gone
  }
}

function countThreads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0; // gone
  }
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
  } catch {
    return ""; // of the kernel, of another user, or gone
  }
}
