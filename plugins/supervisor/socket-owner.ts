import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { fileError } from "./file-error.ts";
import { allPids, isGone, isHere, readProc } from "./process-table.ts";

/** `__SO_ACCEPTCON` of the kernel: the socket listens. */
const LISTENS = 0x10000;

/** Whether anything listens on a unix socket. */
export function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (listens: boolean) => {
      resolve(listens);
      socket.destroy();
    };
    socket.on("connect", () => settle(true));
    // A full backlog, say, is one of a listener. Where it was given up before, Bun says ENOENT.
    socket.on(
      "error",
      (error: { readonly code?: string }) =>
        settle(!["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(error.code ?? "")),
    );
  });
}

/**
 * Whether processes, and nobody else here, listen on a unix socket. The kernel names the listening
 * sockets that were bound to the path, and processes name the sockets that they hold.
 */
export function isListenedOnBy(path: string, pids: readonly number[]): boolean {
  const listening = listeningInodes(path);
  const held = new Set(pids.flatMap(socketInodesOf));
  const others = listening.filter((inode) => !held.has(inode));
  return others.length < listening.length && others.every(isElsewhere);
}

/** Whether a process holds a socket that listens on a path. */
export function isListener(path: string, pid: number): boolean {
  const listening = listeningInodes(path);
  return listening.length > 0 && socketsOrNone(pid).some((each) => listening.includes(each));
}

/** A process that listens on a unix socket, if it can be told. */
export function listenerOf(path: string): number | undefined {
  const listening = listeningInodes(path);
  const found = allPids().filter((pid) =>
    socketsOrNone(pid).some((each) => listening.includes(each))
  );
  return found.find(isHere) ?? found[0];
}

/**
 * Whether a socket is held only by processes that see other files: containers share the list of
 * sockets where they share the host's network, and there its path is another one.
 */
function isElsewhere(inode: string): boolean {
  const holders = allPids().filter((pid) => socketsOrNone(pid).includes(inode));
  return holders.length > 0 && !holders.some(isHere);
}

/** What other users' processes hold is not told to everybody. */
function socketsOrNone(pid: number): readonly string[] {
  try {
    return socketInodesOf(pid);
  } catch {
    return [];
  }
}

/** The numbers of the listening sockets that were bound to a path, in this network namespace. */
function listeningInodes(path: string): readonly string[] {
  const rows = (readProc("net/unix") ?? "").split("\n").slice(1);
  return rows.flatMap((row) => {
    const [, flags, inode, bound] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) (.*)$/.exec(row) ?? [];
    const listens = (parseInt(flags ?? "", 16) & LISTENS) !== 0;
    return listens && bound === path && inode !== undefined ? [inode] : [];
  });
}

/** The numbers of the sockets that a process holds. */
function socketInodesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = readLink(`/proc/${pid}/fd/${fd}`);
      return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
    });
  } catch (error) {
    if (isGone(error)) return [];
    throw fileError(`Cannot read "/proc/${pid}/fd"`, error);
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) return ""; // closed in between
    throw error;
  }
}
