import type { Readable, Writable } from "node:stream";
import { setImmediate } from "node:timers";

/** An output of this process as a sink: a write ends when the stream took it. Never closed. */
export function processOutput(name: "stdout" | "stderr"): WritableStream<Uint8Array> {
  const target: Writable = process[name];
  // Without a listener a closed pipe behind our output would end this process.
  const ignore = (): void => {};
  const release = (): void => void target.off("error", ignore);
  return new WritableStream<Uint8Array>({
    start: () => void target.on("error", ignore),
    write: (chunk) =>
      new Promise((resolve, reject) => {
        target.write(chunk, (error) => error ? reject(error) : resolve());
      }),
    close: release,
    abort: release,
  });
}

/**
 * Copies the input of this process until its end, a failed write or an abort. What could not be
 * written goes back, for whoever reads the input next.
 *
 * @param write Takes one chunk.
 */
export async function copyProcessInput(
  write: (chunk: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const source: Readable = process.stdin;
  let wake: () => void = () => {};
  let isEnded = source.readableEnded || source.destroyed;
  const onReadable = (): void => wake();
  const onEnd = (): void => {
    isEnded = true;
    wake();
  };
  source.on("readable", onReadable).on("end", onEnd).on("close", onEnd).on("error", onEnd);
  signal.addEventListener("abort", onReadable);
  try {
    while (!signal.aborted) {
      const chunk = source.read() as Uint8Array | string | null;
      if (chunk === null) {
        if (isEnded) return;
        await new Promise<void>((resolve) => wake = resolve);
        continue;
      }
      const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
      try {
        await write(bytes);
      } catch {
        if (!isEnded) source.unshift(chunk);
        return;
      }
    }
  } finally {
    signal.removeEventListener("abort", onReadable);
    source.off("readable", onReadable).off("end", onEnd).off("close", onEnd).off("error", onEnd);
    await stopReading(source);
  }
}

/** An idle input must not keep the event loop alive; one that others read is theirs. */
async function stopReading(source: Readable): Promise<void> {
  // A stream notices only after a tick that its `readable` listener has gone, and until then it
  // takes itself for paused and ignores the call.
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (source.listenerCount("readable") + source.listenerCount("data") === 0) source.pause();
}
