import { accessSync, constants, lstatSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { StdioOwner } from "../../src/stdio.ts";
import { defaultBase, folderPrefix, plainPrefix } from "./folder-names.ts";
import type { FifoOptions } from "./mod.ts";

/** Where the folders of one container are. */
export interface Place {
  /** The folder that they are in. */
  readonly base: string;
  /** How their names begin. */
  readonly prefix: string;
  /** Whether a folder of such a name is one of this user's. */
  readonly isOwn: (folder: string) => boolean;
}

/** Finds where a driver with these options has the folders of a container. */
export function placeOf(owner: StdioOwner, { directory, uid }: FifoOptions): Place {
  const place = { prefix: folderPrefix(owner), isOwn: () => true };
  if (directory !== undefined) return { ...place, base: resolve(directory) };
  try {
    accessSync(defaultBase, constants.W_OK);
    return { ...place, base: defaultBase };
  } catch {
    // Not there, or of another user: then this one's are with the temporary files.
  }
  const base = temporaryFolder();
  let ownUid = uid;
  return {
    base,
    prefix: folderPrefix(owner, "temporary"),
    isOwn: (folder) => isOf(folder, ownUid ??= uidOfNew(base)),
  };
}

/** The folder for temporary files. */
export function temporaryFolder(): string {
  try {
    return tmpdir();
  } catch {
    return "/tmp"; // Deno without the permission to read TMPDIR.
  }
}

/** In the folder for temporary files anybody may make one of any name. */
function isOf(folder: string, uid: number | undefined): boolean {
  try {
    return lstatSync(folder).uid === uid;
  } catch {
    return false; // gone
  }
}

/** The user that what this process makes belongs to. Deno would ask for a permission to tell it. */
function uidOfNew(base: string): number | undefined {
  try {
    const folder = mkdtempSync(join(base, plainPrefix("temporary")));
    try {
      return lstatSync(folder).uid;
    } finally {
      rmdirSync(folder);
    }
  } catch {
    return undefined; // Nothing of this user's can be there either.
  }
}
