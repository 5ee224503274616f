import { closeSync, constants, openSync } from "node:fs";
import type { Libc } from "./libc.ts";

/** Opens and closes descriptors, none of which ever blocks. */
export interface Descriptors {
  /**
   * Opens a FIFO with `O_NONBLOCK`.
   *
   * @throws an error with `code`; `ENXIO` for `write` if nobody has it open for reading.
   */
  open(path: string, mode: OpenMode): number;
  /** Closes a descriptor. */
  close(fd: number): void;
}

/** What a FIFO is opened for; `both` neither waits for a peer nor needs one. */
export type OpenMode = "read" | "write" | "both";

const flags: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY | constants.O_NONBLOCK,
  write: constants.O_WRONLY | constants.O_NONBLOCK,
  both: constants.O_RDWR | constants.O_NONBLOCK,
};

/** Descriptors of `node:fs`. */
export const fileDescriptors: Descriptors = {
  open: (path, mode) => openSync(path, flags[mode]),
  close: closeSync,
};

/**
 * Descriptors of libc. Deno's `net.Socket` takes only those: one of `node:fs` is already in its
 * own table, and adopting it fails with EEXIST.
 */
export function foreignDescriptors(libc: Libc): Descriptors {
  return {
    open: (path, mode) => libc.open(path, flags[mode]),
    close: (fd) => libc.close(fd),
  };
}
