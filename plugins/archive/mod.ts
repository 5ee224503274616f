/**
 * Packs and unpacks folders of this host as tar streams, for checkpoints. Node, Deno and Bun.
 *
 * @module
 */

import type { DirectoryArchiver } from "../../src/directory-archiver.ts";

export type { DirectoryArchiver };

/** An archiver of this host's file system. */
export function archive(): DirectoryArchiver {
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
