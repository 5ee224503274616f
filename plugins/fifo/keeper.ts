import type { Descriptors } from "./descriptors.ts";

/**
 * Holds a FIFO open on behalf of a peer that has not come yet.
 *
 * Opened for both directions, so that no open of either side blocks, an output does not end before
 * its first writer came (Deno takes an empty pipe without a writer for one that ended), and an
 * input can be written before its reader came. Closing it on a FIFO that nobody else has open makes
 * the end visible, which otherwise no runtime reports for a pipe that had no writer since its open.
 * It must not be held longer than needed: it hides the end of an output and a broken input.
 */
export class Keeper {
  readonly #descriptors: Descriptors;
  #fd: number | undefined;

  constructor(descriptors: Descriptors, path: string) {
    this.#descriptors = descriptors;
    this.#fd = descriptors.open(path, "both");
  }

  /** The descriptor; `undefined` once it is closed. */
  get fd(): number | undefined {
    return this.#fd;
  }

  /** Lets go. Idempotent. */
  close(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    this.#descriptors.close(fd);
  }
}

/** Tells whether anybody has a FIFO open for reading. */
export function hasReader(descriptors: Descriptors, path: string): boolean {
  let fd: number;
  try {
    fd = descriptors.open(path, "write");
  } catch {
    return false;
  }
  descriptors.close(fd);
  return true;
}
