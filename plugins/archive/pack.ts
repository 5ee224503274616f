import { stat } from "node:fs/promises";
import { create } from "tar";
import { ContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { archiveError } from "./archive-error.ts";

/** Packs a folder's files, with names relative to it. */
export async function* pack(
  directory: string,
  { signal }: CallOptions,
): AsyncIterable<Uint8Array> {
  signal?.throwIfAborted();
  const action = `Cannot read folder "${directory}"`;
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ContainerError("not_found", `${action}: no such folder`, { plugin: "archive" });
  }
  const archive = create({ cwd: directory, portable: true }, ["."]);
  try {
    for await (const chunk of archive) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw archiveError(action, error);
  } finally {
    archive.resume(); // with no reader left it would keep a file open
  }
}
