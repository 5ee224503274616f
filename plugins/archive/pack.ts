import { stat } from "node:fs/promises";
import { create } from "tar";
import { ContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";

/** Packs a folder's files, with names relative to it. */
export async function* pack(
  directory: string,
  { signal }: CallOptions,
): AsyncIterable<Uint8Array> {
  signal?.throwIfAborted();
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ContainerError("not_found", `Cannot read folder "${directory}": no such folder`);
  }
  for await (const chunk of create({ cwd: directory, portable: true }, ["."])) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
