/** Files for `{ file }` and for checkpoints, from outside: the memory runtime itself has none. */
export interface MemoryFiles {
  /** All of a file; `undefined` if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Adds to the end of a file, which is made if it is missing. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Makes a file, with its folder, or puts new bytes in place of its old ones. */
  write(path: string, bytes: Uint8Array): Promise<void>;
}
