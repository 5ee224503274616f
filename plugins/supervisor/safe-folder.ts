import { lstatSync, readlinkSync, realpathSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { ContainerError } from "../../src/errors.ts";
import { systemCode } from "../fifo/system-error.ts";

/** How many symbolic links the kernel follows in a path. */
const MOST_LINKS = 40;

/**
 * Refuses a folder that somebody else could put another one in the place of: every folder on the way
 * to it, also by symbolic links, must belong to root or this user, and others must not be able to
 * write to it, or only to add what is theirs, as in `/tmp`. What is not there is passed over.
 *
 * @throws {ContainerError} `permission_denied` that names the folder on the way.
 */
export function assertSafeFolder(path: string): void {
  // Who owns the root can do everything here; in a user namespace that may be nobody by its number.
  const trusted = [0, process.geteuid?.(), lstatSync("/").uid];
  let links = 0;
  const visit = (place: string): void => {
    if (place !== "/") visit(dirname(place));
    const stat = statOrUndefined(place);
    if (stat === undefined) return;
    if (!trusted.includes(stat.uid)) throw refused(path, place, "belongs to another user");
    if (stat.isSymbolicLink()) {
      links++;
      if (links > MOST_LINKS) throw refused(path, place, "one of too many symbolic links");
      visit(resolve(realpathSync(dirname(place)), readlinkSync(place)));
    } else if (stat.isDirectory() && (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0) {
      throw refused(path, place, "others can write to it");
    }
  };
  visit(resolve(path));
}

function statOrUndefined(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function refused(path: string, place: string, state: string): ContainerError {
  return new ContainerError(
    "permission_denied",
    `Cannot use folder "${path}": "${place}" ${state}`,
    {
      plugin: "supervisor",
    },
  );
}
