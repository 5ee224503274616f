import type { ByteSource, InputStream, OutputStream } from "../../src/stdio.ts";
import type { StreamLog } from "./stream-log.ts";

type Chunk = Uint8Array<ArrayBuffer>;

/** What is read of a stream of bytes. */
interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel?(reason?: unknown): Promise<void>;
}

/**
 * Reads a stream for whoever reads this one, which keeps nothing for itself: the stream is locked,
 * and read, no sooner than this one.
 */
export function recordedReadable(real: ByteSource, log: StreamLog): OutputStream {
  let reader: ByteReader | undefined;
  // Locked by somebody in between, it fails as it would have failed for them.
  const locked = () => reader ??= real.getReader();
  const pull = async (controller: ReadableStreamDefaultController<Chunk>) => {
    try {
      const { done, value } = await locked().read();
      if (done || value === undefined) {
        log.edge("end");
        return controller.close();
      }
      log.piece("data", value);
      controller.enqueue(value as Chunk);
    } catch (error) {
      log.error(error);
      throw error;
    }
  };
  const cancel = async (reason: unknown) => {
    log.edge("cancel");
    // A reader cancels what it has locked.
    await (reader?.cancel ? reader.cancel(reason) : real.cancel(reason));
  };
  return new ReadableStream<Chunk>({ pull, cancel }, { highWaterMark: 0 });
}

/** As {@linkcode recordedReadable}, for a stream that a reader may give a buffer of its own. */
export function recordedByteReadable(real: OutputStream, log: StreamLog): OutputStream {
  const inner = recordedReadable(real, log).getReader();
  return new ReadableStream<Chunk>({
    type: "bytes",
    async pull(controller) {
      const { done, value } = await inner.read();
      if (!done) return controller.enqueue(new Uint8Array(value)); // its buffer is taken away
      controller.close();
      // A reader that waits with a buffer of its own is told of the end by it.
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
    cancel: (reason) => inner.cancel(reason),
  });
}

/** A stream that is written to, and what is still to be written of it. */
export interface RecordedWritable {
  /** The stream. */
  readonly stream: InputStream;
  /** Resolves once all that was written so far is handed on, or nothing can be any more. */
  flushed(): Promise<void>;
}

/**
 * Writes to a stream for whoever writes to this one.
 *
 * @param lock When the stream is locked: with the first that is written to it, so that one which is
 * refused is as free as before, or at once, so that its failure is noticed.
 */
export function recordedWritable(
  real: WritableStream<Uint8Array>,
  log: StreamLog,
  lock: "now" | "later",
): RecordedWritable {
  let writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  let waiting = 0;
  let idle: PromiseWithResolvers<void> | undefined;
  let isOver = false;
  let fail: (error: unknown) => void = () => {};
  const settle = () => {
    if (waiting > 0 && !isOver) return;
    idle?.resolve();
    idle = undefined;
  };
  const over = () => {
    isOver = true;
    settle();
  };
  const locked = () => {
    if (writer) return writer;
    writer = real.getWriter();
    writer.closed.catch((error: unknown) => {
      if (!isOver) log.error(error);
      over();
      fail(error);
    });
    return writer;
  };
  const stream = new WritableStream<Uint8Array>({
    start(controller) {
      fail = (error) => controller.error(error);
      if (lock === "now") locked();
    },
    async write(chunk) {
      const { byteLength } = chunk;
      try {
        log.piece("write", chunk);
        await locked().write(chunk);
        log.taken(byteLength);
      } finally {
        waiting--;
        settle();
      }
    },
    async close() {
      log.edge("close");
      over();
      await locked().close();
    },
    async abort(reason) {
      log.edge("abort");
      over();
      await locked().abort(reason);
    },
  }, {
    highWaterMark: 1,
    // Called for each chunk as it is written: those that wait in the stream count, too.
    size: () => {
      waiting++;
      return 1;
    },
  });
  return {
    stream,
    flushed: () => {
      if (waiting === 0 || isOver) return Promise.resolve();
      return (idle ??= Promise.withResolvers<void>()).promise;
    },
  };
}
