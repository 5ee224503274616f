import { closeSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { fileDescriptors } from "./descriptors.ts";
import { asideOf } from "./folder-names.ts";
import { systemCode } from "./system-error.ts";

/** A FIFO that was found by its path. If nobody reads it, who waits for a reader is let go. */
export class FoundFifo {
  #path: string;
  #fd: number | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Finds it; `undefined` for what is no FIFO.
   *
   * @param unread What becomes of one that nobody reads: `held` is open for reading until it is
   * released; `aside` has another name before, so that nobody finds it any more.
   */
  static at(path: string, unread: "held" | "aside"): FoundFifo | undefined {
    try {
      if (!lstatSync(path).isFIFO()) return undefined;
    } catch {
      return undefined; // gone
    }
    const found = new FoundFifo(path);
    if (!found.isUsed()) found.#free(unread);
    return found;
  }

  /** Whether somebody else reads it. */
  isUsed(): boolean {
    if (this.#fd !== undefined) return false;
    try {
      closeSync(fileDescriptors.open(this.#path, "write"));
      return true;
    } catch (error) {
      // Of what cannot be opened for another reason, nobody knows.
      return !["ENXIO", "ENOENT"].includes(systemCode(error));
    }
  }

  /** Removes it, and only then lets go of it: who opens it in between would wait. */
  remove(): void {
    try {
      unlinkSync(this.#path);
    } catch {
      // Gone already, or not ours to remove; nothing depends on it.
    }
    this.release();
  }

  /** Lets go of it. Idempotent. */
  release(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  #free(unread: "held" | "aside"): void {
    try {
      if (unread === "aside") {
        const aside = asideOf(this.#path);
        renameSync(this.#path, aside);
        this.#path = aside;
      }
      this.#fd = fileDescriptors.open(this.#path, "read");
    } catch {
      // Gone, or not to be opened: then nobody waits for it either.
    }
  }
}
