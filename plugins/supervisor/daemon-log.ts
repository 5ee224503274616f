import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from "node:fs";
import { fileError } from "./file-error.ts";

/** How much of a log is read for its last lines. */
const TAIL_BYTES = 64 * 1024;

/** The log of a daemon: a file that the daemon itself writes to, as it outlives this process. */
export class DaemonLog {
  /** Where it is. */
  readonly path: string;
  readonly #maxBytes: number;

  /** @param maxBytes From which size on it is set aside. */
  constructor(path: string, maxBytes: number) {
    this.path = path;
    this.#maxBytes = maxBytes;
  }

  /** Opens it for a daemon to write to; to be closed by the caller. */
  open(): number {
    try {
      return openSync(this.path, "a", 0o600);
    } catch (error) {
      throw fileError(`Cannot open log "${this.path}"`, error);
    }
  }

  /** Its size in bytes. */
  size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Sets its text aside if there is too much. The file stays, for the daemon has it open; what is
   * written between the copy and the cut is lost.
   */
  trim(): void {
    if (this.size() <= this.#maxBytes) return;
    try {
      copyFileSync(this.path, `${this.path}.1`);
      truncateSync(this.path);
    } catch {
      // A full disk, say: supervising goes on, and the next time it is tried again.
    }
  }

  /**
   * Its last lines.
   *
   * @param from Where the part begins that is looked at, in bytes; text that was set aside is not.
   */
  tail(lines: number, from: number = 0): readonly string[] {
    let fd: number;
    try {
      fd = openSync(this.path, "r");
    } catch {
      return []; // nothing was written yet
    }
    try {
      const { size } = fstatSync(fd);
      const start = Math.max(from <= size ? from : 0, size - TAIL_BYTES);
      const bytes = new Uint8Array(size - start);
      const read = readSync(fd, bytes, 0, bytes.length, start);
      const text = new TextDecoder().decode(bytes.subarray(0, read)).trimEnd();
      return text === "" ? [] : text.split("\n").slice(-lines);
    } finally {
      closeSync(fd);
    }
  }
}
