import { mkdir, open, rm } from "node:fs/promises";
import { extract } from "tar";
import type { CallOptions } from "../../src/runtime.ts";
import { archiveError } from "./archive-error.ts";

/** Unpacks a tar stream into a folder; nothing is written outside of it. */
export async function unpack(
  directory: string,
  stream: AsyncIterable<Uint8Array>,
  { signal }: CallOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const action = `Cannot unpack into folder "${directory}"`;
  const failed = (error: unknown): never => {
    throw archiveError(action, error);
  };
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(failed);
  // Through a file: tar keeps files open when its input breaks off in one of them.
  const file = `${directory}/.unpack-${crypto.randomUUID()}.tar`;
  try {
    const handle = await open(file, "wx", 0o600).catch(failed);
    try {
      for await (const chunk of stream) {
        signal?.throwIfAborted();
        await handle.appendFile(chunk).catch(failed);
      }
    } finally {
      await handle.close();
    }
    let problem: unknown;
    // What tar warns of, such as an entry that would lie outside, it leaves out.
    const onwarn = (tarCode: string, message: string | Error, { code }: { code?: string }) => {
      problem ??= Object.assign(new Error(String(message)), { tarCode, code });
    };
    await extract({ file, cwd: directory, preserveOwner: false, onwarn }).catch(failed);
    signal?.throwIfAborted();
    if (problem !== undefined) throw archiveError(action, problem);
  } finally {
    await rm(file, { force: true });
  }
}
