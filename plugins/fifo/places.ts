import { accessSync, constants, lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import type { StdioOwner } from "../../src/stdio.ts";
import { defaultBase, folderPrefix } from "./folder-names.ts";
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
  return {
    base: temporaryFolder(),
    prefix: folderPrefix(owner, "temporary"),
    isOwn: (folder) => isOf(folder, uid),
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
    return lstatSync(folder).uid === (uid ?? process.getuid?.());
  } catch {
    return false; // gone, or Deno without the permission to tell the user
  }
}
