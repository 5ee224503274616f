import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import type { Backend, FifoReader, FifoWriter, ReadSink } from "../backend.ts";
import type { Descriptors } from "../descriptors.ts";

/** One read takes at most what a pipe of the usual size holds. */
const readSizeBytes = 64 * 1024;

/** Sockets over non-blocking descriptors: the event loop waits, no thread does. */
export function socketBackend(name: "socket" | "ffi-socket", descriptors: Descriptors): Backend {
  return {
    name,
    writesLate: false,
    openReader: (path, sink) => new SocketReader(open(descriptors, path, "read"), sink),
    openWriter: (path) => new SocketWriter(open(descriptors, path, "write")),
  };
}

/** A descriptor together with the way to close it should no socket take it over. */
interface OpenDescriptor {
  readonly fd: number;
  discard(): void;
}

function open(descriptors: Descriptors, path: string, mode: "read" | "write"): OpenDescriptor {
  const fd = descriptors.open(path, mode);
  return { fd, discard: () => descriptors.close(fd) };
}

class SocketReader implements FifoReader {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #isClosing = false;

  constructor(descriptor: OpenDescriptor, sink: ReadSink) {
    let active = true;
    let buffer = newBuffer();
    // A well filled buffer is handed over, what is little is copied out: a third less CPU time than
    // copying all, and no 64 KiB for each line of text.
    const take = (count: number): Uint8Array => {
      if (count < readSizeBytes / 2) return new Uint8Array(buffer.subarray(0, count));
      const chunk = new Uint8Array(buffer.buffer, buffer.byteOffset, count);
      buffer = newBuffer();
      return chunk;
    };
    const end = (error?: unknown): void => {
      if (!active || this.#isClosing) return;
      active = false;
      sink.end(error);
    };
    this.#socket = adopt(descriptor, {
      readable: true,
      writable: false,
      onread: {
        buffer: () => buffer,
        callback: (count: number): boolean => {
          if (!active || this.#isClosing) return false;
          return sink.data(take(count)) === "more";
        },
      },
    });
    this.#socket.on("end", () => end());
    this.#socket.on("error", (error) => end(error));
    this.#closed = new Promise((resolve) =>
      this.#socket.once("close", () => {
        resolve();
        end();
      })
    );
    this.#socket.unref();
  }

  resume(): void {
    if (!this.#isClosing) this.#socket.resume();
  }

  keepAlive(need: "needed" | "idle"): void {
    if (need === "needed") this.#socket.ref();
    else this.#socket.unref();
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.destroy();
    return this.#closed;
  }
}

class SocketWriter implements FifoWriter {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;

  constructor(descriptor: OpenDescriptor) {
    this.#socket = adopt(descriptor, { readable: false, writable: true });
    // A broken pipe is told to the pending write; unheard here it would end the program.
    this.#socket.on("error", () => {});
    this.#closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.unref();
  }

  async write(chunk: Uint8Array): Promise<void> {
    // Node's event loop waits for a write of its own accord, Deno's does not.
    this.#socket.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#socket.write(chunk, (error) => error ? reject(error) : resolve());
      });
    } finally {
      this.#socket.unref();
    }
  }

  // Writes have resolved before it is called, and a pipe has nothing to shut down.
  close(): Promise<void> {
    return this.destroy();
  }

  destroy(): Promise<void> {
    this.#socket.destroy();
    return this.#closed;
  }
}

/** Not cleared, and not a part of a pool: it becomes the consumer's. */
function newBuffer(): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(readSizeBytes);
}

function adopt(
  descriptor: OpenDescriptor,
  options: ConstructorParameters<typeof Socket>[0] & object,
): Socket {
  try {
    return new Socket({ ...options, fd: descriptor.fd });
  } catch (error) {
    descriptor.discard();
    throw error;
  }
}
