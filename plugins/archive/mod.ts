/**
 * Packs and unpacks folders of this host as tar streams, for checkpoints. Node, Deno and Bun.
 *
 * @module
 */

import { checkNames } from "../../src/check-options.ts";
import type { DirectoryArchiver } from "../../src/directory-archiver.ts";

export type { DirectoryArchiver };

/** Options of {@linkcode archive}: there are none. */
export type ArchiveOptions = Readonly<Record<string, never>>;

/**
 * An archiver of this host's file system.
 *
 * @throws {ContainerError} `invalid_argument` for an option: there are none.
 */
export function archive(options: ArchiveOptions = {}): DirectoryArchiver {
  checkNames(options);
  return {
    async *pack(directory, options = {}) {
      const { pack } = await import("./pack.ts");
      yield* pack(directory, options);
    },
    async unpack(directory, stream, options = {}) {
      const { unpack } = await import("./unpack.ts");
      await unpack(directory, stream, options);
    },
  };
}
