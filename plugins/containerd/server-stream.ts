/**
 * Reads a stream of a server, and ends its call with it: Connect does not tell the server when the
 * reader leaves early.
 *
 * @param open Makes the call, which ends when the signal that it is given aborts.
 * @param signal Ends the stream, too; it then throws as the call does.
 */
export async function* serverStream<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    yield* open(stop.signal);
  } finally {
    signal?.removeEventListener("abort", abort);
    stop.abort();
  }
}
