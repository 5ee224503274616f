import { closeSync, readSync, writeSync } from "node:fs";
import { clearTimeout, setTimeout } from "node:timers";
import type { Backend, FifoReader, FifoWriter, ReadSink } from "../backend.ts";
import { fileDescriptors } from "../descriptors.ts";
import { systemCode } from "../system-error.ts";

/** Non-blocking reads and writes on a timer, 1 to 16 ms: the last resort. */
export const pollBackend: Backend = {
  name: "poll",
  writesLate: false,
  openReader: (path, sink) => new PollReader(fileDescriptors.open(path, "read"), sink),
  openWriter: (path) => new PollWriter(fileDescriptors.open(path, "write")),
};

const longestDelayMs = 16;
const readSizeBytes = 64 * 1024;
/** What is read before other work gets its turn. */
const turnSizeBytes = 1024 * 1024;
/** `PIPE_BUF`: taken whole or not at all. Deno repeats bytes of a larger write that was cut. */
const writeSizeBytes = 4096;

type Timer = ReturnType<typeof setTimeout>;

/** Whether an operation would have had to wait. */
function wouldBlock(error: unknown): boolean {
  return systemCode(error) === "EAGAIN" ||
    (error as { name?: unknown } | null)?.name === "WouldBlock";
}

class PollReader implements FifoReader {
  readonly #sink: ReadSink;
  readonly #buffer = new Uint8Array(readSizeBytes);
  #fd: number | undefined;
  #timer: Timer | undefined;
  #need: "needed" | "idle" = "idle";
  #delayMs = 1;

  constructor(fd: number, sink: ReadSink) {
    this.#fd = fd;
    this.#sink = sink;
  }

  resume(): void {
    if (this.#timer === undefined && this.#fd !== undefined) this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#read(), delayMs);
    if (this.#need === "idle") this.#timer.unref();
  }

  #read(): void {
    this.#timer = undefined;
    let total = 0;
    while (this.#fd !== undefined && total < turnSizeBytes) {
      let count: number;
      try {
        count = readSync(this.#fd, this.#buffer);
      } catch (error) {
        if (!wouldBlock(error)) return this.#end(error);
        this.#delayMs = total > 0 ? 1 : Math.min(this.#delayMs * 2, longestDelayMs);
        return this.#schedule(this.#delayMs);
      }
      if (count === 0) return this.#end();
      total += count;
      if (this.#sink.data(this.#buffer.slice(0, count)) === "pause") return;
    }
    if (this.#fd !== undefined) this.#schedule(0);
  }

  #end(error?: unknown): void {
    this.#closeDescriptor();
    this.#sink.end(error);
  }

  keepAlive(need: "needed" | "idle"): void {
    this.#need = need;
    if (need === "needed") this.#timer?.ref();
    else this.#timer?.unref();
  }

  close(): Promise<void> {
    this.#closeDescriptor();
    return Promise.resolve();
  }

  #closeDescriptor(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

class PollWriter implements FifoWriter {
  #fd: number | undefined;
  #wake: (() => void) | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(chunk: Uint8Array): Promise<void> {
    let delayMs = 1;
    for (let offset = 0; offset < chunk.byteLength;) {
      if (this.#fd === undefined) {
        throw Object.assign(new Error("write canceled"), { code: "ECANCELED" });
      }
      try {
        offset += writeSync(this.#fd, chunk.subarray(offset, offset + writeSizeBytes));
        delayMs = 1;
      } catch (error) {
        if (!wouldBlock(error)) throw error;
        await this.#wait(delayMs);
        delayMs = Math.min(delayMs * 2, longestDelayMs);
      }
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): Promise<void> {
    return this.destroy();
  }

  destroy(): Promise<void> {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#wake?.();
    return Promise.resolve();
  }
}
