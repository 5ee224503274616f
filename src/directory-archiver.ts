import type { CallOptions } from "./runtime.ts";

/** Turns a folder of this host into a tar stream and back; checkpoints travel that way. */
export interface DirectoryArchiver {
  /**
   * Packs a folder's files, with names relative to it.
   *
   * @throws {ContainerError} `not_found` if there is no such folder.
   */
  pack(directory: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  /**
   * Unpacks into a folder, which is made if missing. Entries that would lie outside are refused.
   *
   * @throws {ContainerError} `invalid_argument` for a stream that is no tar or names such an entry.
   */
  unpack(
    directory: string,
    stream: AsyncIterable<Uint8Array>,
    options?: CallOptions,
  ): Promise<void>;
}
