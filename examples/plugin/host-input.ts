import { once } from "node:events";
import type { Writable } from "node:stream";
import type { ByteSource, InputStream } from "../../src/mod.ts";

/** The input of a process that starts later, as a stream of the Web; what is written early waits. */
export function pipedInput(target: Promise<Writable | null | undefined>): InputStream {
  return new WritableStream<Uint8Array>({
    write: async (chunk) => {
      const input = await target;
      await new Promise<void>((resolve, reject) => {
        if (!input) resolve();
        else input.write(chunk, (error) => error ? reject(error) : resolve());
      });
    },
    close: () => endInput(target),
    abort: () => endInput(target),
  });
}

/** Pumps a stream of the caller into the input, and ends it. */
export async function pumpInput(
  source: ByteSource,
  target: Promise<Writable | null | undefined>,
): Promise<void> {
  const reader = source.getReader();
  try {
    const input = await target;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!input?.writable) return; // the process reads no more
      if (next.value && !input.write(next.value)) {
        await Promise.race([once(input, "drain"), once(input, "close")]);
      }
    }
  } finally {
    await endInput(target);
  }
}

/** Ends the input after what was written, as soon as there is a process. */
export async function endInput(target: Promise<Writable | null | undefined>): Promise<void> {
  const input = await target;
  input?.end();
}
