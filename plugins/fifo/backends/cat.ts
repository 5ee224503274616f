import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import type { Backend, FifoReader, FifoWriter, ReadSink } from "../backend.ts";
import type { Readable, Writable } from "node:stream";

/**
 * A helper `cat` for each stream: 0.2 MB of memory each, for hosts that cannot wait for a FIFO.
 * Should this process be killed, a helper of an output takes up to one buffer from the pipe before
 * it notices.
 */
export const catBackend: Backend = {
  name: "cat",
  writesLate: true,
  openReader: (path, sink) => new CatReader(path, sink),
  openWriter: (path) => new CatWriter(path),
};

function start(path: string, direction: "read" | "write"): ChildProcess {
  // Blocking, for `cat` does not understand EAGAIN; the keeper lets it return at once. Handed over
  // open rather than by name, so that no helper can be late and wait for ever.
  const fd = openSync(path, direction === "read" ? constants.O_RDONLY : constants.O_WRONLY);
  try {
    // An empty environment, because Deno would ask for the permission to read all of it.
    const child = spawn("cat", [], {
      env: {},
      stdio: direction === "read" ? [fd, "pipe", "ignore"] : ["pipe", fd, "ignore"],
    });
    if (direction === "read" ? child.stdout : child.stdin) return child;
    // Node leaves the streams out in this one case, and reports it only later.
    child.on("error", () => {});
    throw Object.assign(new Error("no descriptor for a helper"), { code: "EMFILE" });
  } finally {
    closeSync(fd);
  }
}

/** Streams to children are sockets, which the event loop can ignore. */
function keepAlive(stream: unknown, need: "needed" | "idle"): void {
  const socket = stream as { ref?: () => void; unref?: () => void };
  if (need === "needed") socket.ref?.();
  else socket.unref?.();
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
}

class CatReader implements FifoReader {
  readonly #child: ChildProcess;
  readonly #stdout: Readable;
  readonly #sink: ReadSink;
  readonly #exited: Promise<void>;
  #isPaused = true;
  #isDone = false;

  constructor(path: string, sink: ReadSink) {
    this.#sink = sink;
    this.#child = start(path, "read");
    this.#exited = exited(this.#child);
    this.#stdout = this.#child.stdout as Readable;
    // A `readable` listener from the start: without one Node throws away what the helper wrote
    // when the helper ends first.
    this.#stdout.on("readable", () => this.#deliver());
    this.#stdout.on("end", () => this.#end());
    this.#stdout.on("error", (error) => this.#end(error));
    this.#child.on("error", (error) => this.#end(error));
    this.#child.unref();
    keepAlive(this.#stdout, "idle");
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#isDone) {
      const chunk = this.#stdout.read() as Uint8Array | null;
      if (chunk === null) return;
      // Copied: it may be a part of a buffer that others use, too.
      if (this.#sink.data(new Uint8Array(chunk)) === "pause") this.#isPaused = true;
    }
  }

  #end(error?: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#sink.end(error);
  }

  keepAlive(need: "needed" | "idle"): void {
    keepAlive(this.#stdout, need);
  }

  async close(): Promise<void> {
    this.#isDone = true;
    this.#child.ref();
    this.#child.kill("SIGKILL");
    this.#stdout.destroy();
    await this.#exited;
  }
}

class CatWriter implements FifoWriter {
  readonly #child: ChildProcess;
  readonly #stdin: Writable;
  readonly #exited: Promise<void>;
  #isExited = false;
  #isEnding = false;
  #rejectPending: (error: Error) => void = () => {};

  constructor(path: string) {
    this.#child = start(path, "write");
    this.#exited = exited(this.#child);
    this.#stdin = this.#child.stdin as Writable;
    this.#stdin.on("error", () => {}); // Told to the pending write.
    this.#child.on("error", () => this.#stdin.destroy());
    this.#child.on("exit", () => {
      this.#isExited = true;
      this.#rejectPending(brokenPipe());
    });
    this.#keepAlive("idle");
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isExited) throw brokenPipe();
    this.#keepAlive("needed");
    try {
      await new Promise<void>((resolve, reject) => {
        // In Deno a write to a child that has ended is never answered.
        this.#rejectPending = reject;
        this.#stdin.write(chunk, (error) => error ? reject(error) : resolve());
      });
    } finally {
      this.#keepAlive("idle");
    }
  }

  #keepAlive(need: "needed" | "idle"): void {
    // An end that is under way has to be seen.
    if (need === "needed" || this.#isEnding) this.#child.ref();
    else this.#child.unref();
    keepAlive(this.#stdin, need);
  }

  #end(): void {
    this.#isEnding = true;
    this.#child.ref();
  }

  async close(): Promise<void> {
    this.#end();
    this.#stdin.end();
    await this.#exited;
  }

  async destroy(): Promise<void> {
    this.#end();
    this.#child.kill("SIGKILL");
    this.#stdin.destroy();
    await this.#exited;
  }
}

/** What the helper died of, unless it was told to end. */
function brokenPipe(): Error {
  return Object.assign(new Error("helper has ended"), { code: "EPIPE" });
}
