import type { Readable } from "node:stream";
import type { OutputStream } from "../../src/mod.ts";

/**
 * An output of a process that starts later, as a stream of the Web with back-pressure: what is not
 * read stays in the pipe. A reader that cancels does not stop the process: the rest is thrown away.
 */
export function pipedOutput(source: Promise<Readable | null | undefined>): OutputStream {
  const chunks = source.then((output) => output?.[Symbol.asyncIterator]());
  chunks.catch(() => {}); // told by the stream
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      const next = await (await chunks)?.next();
      if (!next || next.done) controller.close();
      // Node's own kind of array is one of its pool, whose bytes may be written over.
      else controller.enqueue(new Uint8Array(next.value));
    },
    cancel: () => {
      discard(chunks);
    },
  });
}

/** Pumps an output into a stream of the caller, and closes it at the end. */
export async function pumpOutput(
  source: Promise<Readable | null | undefined>,
  target: WritableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const chunks = source.then((output) => output?.[Symbol.asyncIterator]());
  const writer = target.getWriter();
  try {
    const reader = await chunks;
    for (let next = await reader?.next(); next && !next.done; next = await reader?.next()) {
      await writer.write(new Uint8Array(next.value));
    }
    await writer.close();
  } catch (error) {
    discard(chunks);
    throw error;
  }
}

async function discard(chunks: Promise<AsyncIterator<unknown> | undefined>): Promise<void> {
  try {
    const reader = await chunks;
    while ((await reader?.next())?.done === false);
  } catch {
    // It has ended another way, and nobody wants it.
  }
}
