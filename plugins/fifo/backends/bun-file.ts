import { setTimeout as sleep } from "node:timers/promises";
import { closeSync, readSync } from "node:fs";
import type { Backend, FifoReader, FifoWriter, ReadSink } from "../backend.ts";
import { fileDescriptors } from "../descriptors.ts";
import { Keeper } from "../keeper.ts";
import type { BunFileSink, BunNative } from "../natives.ts";

/**
 * Files of Bun, by path: over a descriptor they never close it (Bun 1.4.5), and Bun's `net.Socket`
 * over one neither delivers nor fails.
 */
export function bunFileBackend(bun: BunNative): Backend {
  return {
    name: "bun-file",
    writesLate: false,
    openReader: (path, sink) => new BunReader(bun, path, sink),
    openWriter: (path) => new BunWriter(bun, path),
  };
}

/**
 * Opens Bun's reader with the first demand, because from then on it keeps the event loop alive and
 * reads 128 KiB ahead. Until then a plain descriptor keeps the pipe and what is in it.
 */
class BunReader implements FifoReader {
  readonly #bun: BunNative;
  readonly #path: string;
  readonly #sink: ReadSink;
  #guard: number | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #state: "idle" | "reading" | "ended" | "closed" = "idle";

  constructor(bun: BunNative, path: string, sink: ReadSink) {
    this.#bun = bun;
    this.#path = path;
    this.#sink = sink;
    this.#guard = fileDescriptors.open(path, "read");
  }

  resume(): void {
    if (this.#state !== "idle") return;
    this.#state = "reading";
    this.#read().then(undefined, (error) => this.#end(error));
  }

  async #read(): Promise<void> {
    this.#reader ??= this.#open();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (this.#state !== "reading") return;
      if (done) return this.#end();
      if (value.byteLength > 0 && this.#sink.data(value) === "pause") {
        if (this.#state === "reading") this.#state = "idle";
        return;
      }
    }
  }

  #open(): ReadableStreamDefaultReader<Uint8Array> {
    // The keeper's end makes a pipe visible as ended whose writers were gone before.
    const keeper = new Keeper(fileDescriptors, this.#path);
    try {
      return this.#bun.file(this.#path).stream().getReader();
    } finally {
      keeper.close();
      this.#closeGuard();
    }
  }

  #end(error?: unknown): void {
    if (this.#state === "closed") return;
    this.#state = "ended";
    this.#sink.end(error);
  }

  keepAlive(): void {
    // Bun's readers have no such choice.
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#closeGuard();
    try {
      await this.#reader?.cancel();
    } catch {
      // It had failed already, and the sink was told.
    }
  }

  #closeGuard(): void {
    if (this.#guard === undefined) return;
    closeSync(this.#guard);
    this.#guard = undefined;
  }
}

/** What is handed to Bun at once, so that what it holds back always fits an empty pipe. */
const sliceSizeBytes = 64 * 1024;

class BunWriter implements FifoWriter {
  readonly #path: string;
  readonly #sink: BunFileSink;
  #isDestroyed = false;
  #closing: Promise<void> | undefined;

  constructor(bun: BunNative, path: string) {
    this.#path = path;
    this.#sink = bun.file(path).writer();
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.byteLength; offset += sliceSizeBytes) {
      if (this.#isDestroyed) {
        throw Object.assign(new Error("write canceled"), { code: "ECANCELED" });
      }
      await this.#writeSlice(chunk.subarray(offset, offset + sliceSizeBytes));
    }
  }

  async #writeSlice(slice: Uint8Array): Promise<void> {
    const written = this.#sink.write(slice);
    // `true` is how Bun says that the pipe broke before.
    if (written === true) throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    // Both are awaited together: with a broken pipe both reject.
    await Promise.all([written, this.#sink.flush()]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    try {
      await this.#sink.end();
    } catch {
      // The pipe is broken; the descriptor is closed all the same.
    }
  }

  /**
   * Bun closes the descriptor only after a pending write, which in a full pipe that nobody reads
   * never ends: so what is in the pipe is taken out here, after its reader has ended.
   */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    let isOpen = true;
    const closed = this.close().then(() => isOpen = false);
    await Promise.race([closed, sleep(0)]);
    if (!isOpen) return;
    let fd: number;
    try {
      fd = fileDescriptors.open(this.#path, "read");
    } catch {
      return; // The path is gone; the descriptor goes with the last reader.
    }
    try {
      const buffer = new Uint8Array(sliceSizeBytes);
      while (isOpen) {
        try {
          readSync(fd, buffer);
        } catch {
          // EAGAIN: nothing is there yet.
        }
        await Promise.race([closed, sleep(1)]);
      }
    } finally {
      closeSync(fd);
    }
  }
}
