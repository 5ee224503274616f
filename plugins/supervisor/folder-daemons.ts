import { statSync } from "node:fs";
import process from "node:process";
import type { Home } from "./home.ts";
import {
  findDaemons,
  identify,
  isAlive,
  isDaemon,
  isHere,
  type ProcessIdentity,
  sessionOf,
} from "./process-table.ts";
import { isListenedOnBy, isListener } from "./socket-owner.ts";

/**
 * Tells which processes are the daemon of a folder. A command line proves nothing: a container of
 * the host that uses the same folder of its own has a daemon with the very same one.
 */
export class FolderDaemons {
  readonly #home: Home;
  readonly #programs: readonly string[];

  /** @param programs Names of programs, as for {@linkcode findDaemons}. */
  constructor(home: Home, programs: readonly string[]) {
    this.#home = home;
    this.#programs = programs;
  }

  /** Whether a process that was noted runs, and is a daemon of this configuration. */
  isDaemon(noted: ProcessIdentity): boolean {
    return isAlive(noted) && isDaemon(noted.pid, this.#home.configFile, this.#programs);
  }

  /**
   * The processes that are proven to be the daemon.
   *
   * - the known one, by its id and its start
   * - where that is a script, the daemon that it has started: it is in the session that was begun for
   *   the script, which goes by the script's id as long as anybody is in it
   * - whoever holds the folder's listening socket
   *
   * The last two have this configuration, and are not in a container.
   *
   * @param known The one that was started or noted.
   */
  proven(known: ProcessIdentity | undefined): readonly ProcessIdentity[] {
    const others = this.#candidates().filter((each) =>
      each.pid !== known?.pid &&
      (isOfSession(each, known) || isListener(this.#home.socket, each.pid))
    );
    return known !== undefined && isAlive(known) ? [known, ...others] : others;
  }

  /** One that listens on the folder's socket, though it is not known. */
  listening(): ProcessIdentity | undefined {
    return this.#candidates().find(({ pid }) => isListener(this.#home.socket, pid));
  }

  /** Whether the daemon, and nobody else here, listens on the folder's socket. */
  isListenedOn(known: ProcessIdentity): boolean {
    return isListenedOnBy(this.#home.socket, this.proven(known).map(({ pid }) => pid));
  }

  /**
   * One of this user that may be a daemon on its way up, which nothing proves.
   *
   * @param known As for {@linkcode FolderDaemons.proven}.
   */
  unproven(known?: ProcessIdentity): ProcessIdentity | undefined {
    const own = process.geteuid?.();
    const proven = this.proven(known).map(({ pid }) => pid);
    return this.#candidates().find(({ pid }) => {
      if (proven.includes(pid)) return false;
      const { uid } = statSync(`/proc/${pid}`, { throwIfNoEntry: false }) ?? {};
      return own === undefined || uid === own;
    });
  }

  #candidates(): readonly ProcessIdentity[] {
    const { configFile, directory } = this.#home;
    return findDaemons(configFile, this.#programs).filter(({ pid }) =>
      isHere(pid) && isSameFolder(directory, `/proc/${pid}/root${directory}`)
    );
  }
}

/** A session's id goes to no other process while anybody is in it. */
function isOfSession(each: ProcessIdentity, known: ProcessIdentity | undefined): boolean {
  if (known === undefined || sessionOf(each.pid) !== known.pid) return false;
  const leader = identify(known.pid);
  return leader === undefined
    ? each.startTicks >= known.startTicks
    : leader.startTicks === known.startTicks;
}

/** The same path is another folder for a process with another root. */
function isSameFolder(one: string, other: string): boolean {
  try {
    const [{ dev, ino }, found] = [statSync(one), statSync(other)];
    return found.dev === dev && found.ino === ino;
  } catch {
    return false; // of another user, or gone
  }
}
