import { Buffer } from "node:buffer";
import { mkdir } from "node:fs/promises";
import { once } from "node:events";
import { Unpack } from "tar";
import { ContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";

/** Unpacks a tar stream into a folder; nothing is written outside of it. */
export async function unpack(
  directory: string,
  stream: AsyncIterable<Uint8Array>,
  { signal }: CallOptions,
): Promise<void> {
  signal?.throwIfAborted();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // strict: an entry that would lie outside is an error, not a warning.
  const sink = new Unpack({ cwd: directory, strict: true, preserveOwner: false });
  const closed = once(sink, "close");
  closed.catch(() => {}); // awaited below, perhaps after an error of the source
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      if (!sink.write(Buffer.from(chunk))) await Promise.race([once(sink, "drain"), closed]);
    }
    sink.end();
    await closed;
  } catch (cause) {
    signal?.throwIfAborted();
    if (!(cause instanceof Error) || !("tarCode" in cause)) throw cause;
    throw new ContainerError(
      "invalid_argument",
      `Cannot unpack into folder "${directory}": ${cause.message}`,
      { cause },
    );
  }
}
