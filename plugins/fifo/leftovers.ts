import {
  accessSync,
  closeSync,
  constants,
  type Dirent,
  lstatSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import type { StdioLeftovers, StdioOwner } from "../../src/stdio.ts";
import { fileDescriptors } from "./descriptors.ts";
import { defaultBase, folderPrefix } from "./folder-names.ts";
import type { FifoOptions } from "./mod.ts";
import { systemCode } from "./system-error.ts";

/** How long the end of those that read a FIFO is waited for: shims of deleted tasks end just then. */
const usersBudgetMs = 1_000;
const longestDelayMs = 50;

/** A FIFO that was there when its container's were looked for. */
interface Found {
  readonly path: string;
  /** Our own hold on it, if nobody read it. */
  fd: number | undefined;
}

/**
 * The FIFOs of one container: those of clients that live, and those of clients that do not.
 *
 * Who needs a FIFO by its path has somebody that reads it: a client keeps it open for both
 * directions until the shim has come, and a shim keeps an output open for reading itself. So one
 * that nobody reads is left behind. A shim may wait for its reader, for 30 s, with the lock that
 * every call about its container needs; held open for both directions it lets that shim go on.
 */
export class FoundFifos implements StdioLeftovers {
  readonly #base: string;
  readonly #fifos: readonly Found[];
  readonly #folders: readonly string[];

  private constructor(base: string, folders: readonly string[], fifos: readonly Found[]) {
    this.#base = base;
    this.#folders = folders;
    this.#fifos = fifos;
  }

  /**
   * Finds them below a folder.
   *
   * @param options Those of the driver.
   */
  static find(owner: StdioOwner, options: FifoOptions): FoundFifos {
    const { base, prefix, isShared } = placeOf(owner, options.directory);
    const folders = list(base)
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
      .map((entry) => join(base, entry.name))
      .filter((folder) => !isShared || isOwn(folder, options.uid));
    const fifos = folders.flatMap((folder) => list(folder).map(({ name }) => join(folder, name)))
      .filter(isFifo)
      .map((path) => ({ path, fd: useOf(path) === "none" ? hold(path) : undefined }));
    return new FoundFifos(base, folders, fifos);
  }

  /** Removes those that nobody uses. What is read yet gets a second, for shims to end. */
  async remove(): Promise<void> {
    let rest = this.#fifos;
    const deadline = Date.now() + usersBudgetMs;
    for (let delayMs = 1;; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      rest = rest.filter((fifo) => {
        if (fifo.fd === undefined && useOf(fifo.path) === "used") return true;
        // Before the hold ends: a shim that comes in between would wait for a reader again.
        attempt(() => unlinkSync(fifo.path));
        return false;
      });
      if (rest.length === 0 || Date.now() > deadline) break;
      await delay(delayMs);
    }
    this.release();
    for (const folder of this.#folders) attempt(() => rmdirSync(folder));
    if (this.#base === defaultBase && this.#folders.length > 0) {
      attempt(() => rmdirSync(defaultBase)); // fails while others are in it
    }
  }

  /** Ends the holds. */
  release(): void {
    for (const fifo of this.#fifos) {
      const { fd } = fifo;
      fifo.fd = undefined;
      if (fd !== undefined) attempt(() => closeSync(fd));
    }
  }
}

function placeOf(
  owner: StdioOwner,
  directory: string | undefined,
): { readonly base: string; readonly prefix: string; readonly isShared: boolean } {
  const place = { prefix: folderPrefix(owner), isShared: false };
  if (directory !== undefined) return { ...place, base: resolve(directory) };
  try {
    accessSync(defaultBase, constants.W_OK);
    return { ...place, base: defaultBase };
  } catch {
    // Not there, or of another user: then this one's are with the temporary files.
  }
  let base = "/tmp";
  try {
    base = tmpdir();
  } catch {
    // Deno without the permission to read TMPDIR.
  }
  return { base, prefix: folderPrefix(owner, "temporary"), isShared: true };
}

function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not there, or not readable
  }
}

/** In the folder for temporary files anybody may make one of this name. */
function isOwn(folder: string, ownerUid: number | undefined): boolean {
  try {
    return lstatSync(folder).uid === (ownerUid ?? process.getuid?.());
  } catch {
    return false; // gone, or Deno without the permission to tell the user
  }
}

function isFifo(path: string): boolean {
  try {
    return lstatSync(path).isFIFO();
  } catch {
    return false;
  }
}

/** Whether somebody has a FIFO open for reading. */
function useOf(path: string): "used" | "none" {
  try {
    closeSync(fileDescriptors.open(path, "write"));
    return "used";
  } catch (error) {
    // Of what cannot be opened for another reason, nobody knows.
    return ["ENXIO", "ENOENT"].includes(systemCode(error)) ? "none" : "used";
  }
}

function hold(path: string): number | undefined {
  try {
    return fileDescriptors.open(path, "both");
  } catch {
    return undefined;
  }
}

function delay(delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  return promise.finally(() => clearTimeout(timer));
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // Gone already, or not ours to remove; nothing depends on it.
  }
}
