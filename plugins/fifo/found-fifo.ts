import { closeSync, lstatSync, renameSync, type Stats, unlinkSync } from "node:fs";
import { fileDescriptors } from "./descriptors.ts";
import { asideOf } from "./folder-names.ts";
import { systemCode } from "./system-error.ts";

/**
 * How old a FIFO is that nobody can be about to open who has made it, in milliseconds. With `mkfifo`
 * a few pass in between, more on a machine that is busy.
 */
const youthMs = 1000;

/**
 * What becomes of a FIFO that nobody reads: `held` is open for reading until it is released; `aside`
 * has another name before, so that nobody finds it any more.
 */
export type Freed = "held" | "aside";

/** A FIFO that was found by its path. */
export class FoundFifo {
  #path: string;
  readonly #freed: Freed;
  #fd: number | undefined;

  private constructor(path: string, freed: Freed) {
    this.#path = path;
    this.#freed = freed;
  }

  /**
   * Finds it, and leaves it as it is; `undefined` for what is no FIFO.
   *
   * @param freed How those are let go that wait for a reader of it.
   */
  static at(path: string, freed: Freed): FoundFifo | undefined {
    return lookAt(path)?.isFIFO() ? new FoundFifo(path, freed) : undefined;
  }

  /** How those are let go that wait for a reader of it. */
  get freed(): Freed {
    return this.#freed;
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

  /** Lets those go who wait for a reader, unless somebody reads it, or may be about to. */
  unblock(): void {
    if (!this.#isYoung() && !this.isUsed()) this.#free();
  }

  /**
   * Removes it, for whoever waits for a reader to go. Only then it is let go of: who opens it in
   * between would wait.
   */
  remove(): void {
    this.#free();
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

  #free(): void {
    if (this.#fd !== undefined) return;
    try {
      if (this.#freed === "aside") {
        const aside = asideOf(this.#path);
        renameSync(this.#path, aside);
        this.#path = aside;
      }
      this.#fd = fileDescriptors.open(this.#path, "read");
    } catch {
      // Gone, or not to be opened: then nobody waits for it either.
    }
  }

  /** One that was made in the future was made before the clock was set back. */
  #isYoung(): boolean {
    const stats = lookAt(this.#path);
    return stats !== undefined && Math.abs(Date.now() - stats.mtimeMs) < youthMs;
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined; // gone
  }
}
