import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { StdioRequest } from "../../src/stdio.ts";
import { asideOf, defaultBase, isFolderName, plainPrefix, processPrefix } from "./folder-names.ts";
import type { FifoOptions } from "./mod.ts";
import { temporaryFolder } from "./places.ts";
import { systemCode, systemError } from "./system-error.ts";

/**
 * The bases that this process made and that are to be removed when they are empty. A fact about the
 * file system rather than a setting, so it is shared: the last one out need not be who made it.
 */
const ownBases = new Set<string>();

/**
 * Makes a folder for each process. File operations are synchronous: they take microseconds on a
 * file system in memory, and as they cannot interleave, one process's clean-up cannot remove the
 * base from under another's folder.
 */
export class FifoFolders {
  readonly #options: FifoOptions;

  constructor(options: FifoOptions) {
    this.#options = options;
  }

  /**
   * Makes a folder with mode 0700. Its name begins with that of its container, so that it is found
   * when this process is killed, and ends with something random.
   *
   * @param request The process; without one the folder is for this process's own use.
   * @throws {ContainerError} by what the system says, for instance `permission_denied`.
   */
  make(request?: StdioRequest): FifoFolder {
    const { directory } = this.#options;
    const name = (place: "base" | "temporary"): string =>
      request === undefined ? plainPrefix(place) : processPrefix(request, place);
    const path = directory === undefined
      ? this.#makeDefault(name)
      : this.#make(resolve(directory), name("base"));
    const folder = new FifoFolder(path, this.#options, () => removeBase(dirname(path)));
    try {
      folder.own(path);
    } catch (error) {
      folder.remove();
      throw error;
    }
    return folder;
  }

  #makeDefault(name: (place: "base" | "temporary") => string): string {
    try {
      return this.#make(defaultBase, name("base"));
    } catch (error) {
      if (systemCode((error as Error).cause) === "ENOSPC") throw error;
    }
    return this.#mkdtemp(temporaryFolder(), name("temporary"));
  }

  #make(base: string, name: string): string {
    // Again, if another process removed the empty base in between.
    for (let attempt = 0;; attempt++) {
      this.#makeBase(base);
      try {
        return this.#mkdtemp(base, name);
      } catch (error) {
        if (systemCode((error as Error).cause) !== "ENOENT" || attempt >= 10) throw error;
      }
    }
  }

  #makeBase(base: string): void {
    try {
      // Others may pass, for a shim in a user namespace must reach its own folder, but not look.
      if (mkdirSync(base, { recursive: true, mode: 0o711 }) !== undefined) ownBases.add(base);
    } catch (error) {
      throw systemError(`Cannot make FIFO folder "${base}"`, error);
    }
    if (base === defaultBase) ownBases.add(base);
  }

  #mkdtemp(base: string, start: string): string {
    try {
      const path = mkdtempSync(join(base, start));
      // Deno before 2.4 made it with the umask.
      chmodSync(path, 0o700);
      return path;
    } catch (error) {
      throw systemError(`Cannot make folder in "${base}"`, error);
    }
  }
}

function removeBase(base: string): void {
  if (!ownBases.has(base)) return;
  try {
    rmdirSync(base);
    ownBases.delete(base);
  } catch {
    // Still in use by others.
  }
}

/** The folder of one process. */
export class FifoFolder {
  /** Its path. */
  readonly path: string;
  readonly #options: FifoOptions;
  readonly #onRemoved: () => void;
  readonly #files: string[] = [];

  /** @param onRemoved Called after the folder was removed. */
  constructor(path: string, options: FifoOptions, onRemoved: () => void) {
    this.path = path;
    this.#options = options;
    this.#onRemoved = onRemoved;
  }

  /** Notes a file that was made in it, and gives it to the user and group of the options. */
  add(path: string): void {
    this.#files.push(path);
    this.own(path);
  }

  /** Gives a file or the folder to the user and group of the options. */
  own(path: string): void {
    const { uid, gid } = this.#options;
    if (uid === undefined && gid === undefined) return;
    try {
      chownSync(path, uid ?? -1, gid ?? -1);
    } catch (error) {
      throw systemError(`Cannot give "${path}" to user "${uid}", group "${gid}"`, error);
    }
  }

  /** Removes it and what was made in it. Idempotent. */
  remove(): void {
    for (const file of this.#files.splice(0)) removeFifo(file);
    tryRemove(() => rmdirSync(this.path));
    this.#onRemoved();
  }
}

/**
 * Removes FIFOs that this library made in another process. Those of anybody else are left alone:
 * they are known by the name of their folder.
 */
export function removeForeignFifos(paths: readonly string[]): void {
  const made = paths.filter((path) => isFolderName(basename(dirname(path))));
  for (const path of made) removeFifo(path);
  for (const folder of new Set(made.map((path) => dirname(path)))) {
    tryRemove(() => rmdirSync(folder));
    if (dirname(folder) === defaultBase) tryRemove(() => rmdirSync(defaultBase));
  }
}

/** In this order: somebody else may put it aside in between. */
function removeFifo(path: string): void {
  tryRemove(() => unlinkSync(path));
  tryRemove(() => unlinkSync(asideOf(path)));
}

function tryRemove(remove: () => void): void {
  try {
    remove();
  } catch {
    // Gone already, or not ours to remove; nothing depends on it.
  }
}
