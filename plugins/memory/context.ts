import { invalidArgument, shown } from "../../src/errors.ts";
import type { HostOutput } from "./host-output.ts";
import type { HostProcess } from "./host-process.ts";
import { LineReader } from "./line-reader.ts";
import type { ProgramContext } from "./program.ts";
import { sleepOf } from "./sleep.ts";

/** What a program has of its process. */
export class Context implements ProgramContext {
  readonly #process: HostProcess;
  readonly #pending = new Set<Promise<void>>();
  #stdin: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #stdout: WritableStream<Uint8Array> | undefined;
  #stderr: WritableStream<Uint8Array> | undefined;
  #lines: LineReader | undefined;

  /** @param process The process that it is of. */
  constructor(process: HostProcess) {
    this.#process = process;
  }

  /** Its arguments. */
  get args(): readonly string[] {
    return this.#process.spec.args ?? [];
  }

  /** Its environment. */
  get env(): Readonly<Record<string, string>> {
    const entries = (this.#process.spec.env ?? []).map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    });
    return Object.fromEntries(entries);
  }

  /** Its working folder. */
  get cwd(): string {
    return this.#process.spec.cwd;
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Aborts when its process has ended. */
  get signal(): AbortSignal {
    return this.#process.ended;
  }

  /** What it had saved for a checkpoint. */
  get restored(): unknown {
    return this.#process.restored;
  }

  /** Its input. Made on first use, as the outputs are: most programs need none of them. */
  get stdin(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stdin ??= new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        const chunk = await this.#read();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: () => this.#process.stdio.stdin?.break(),
    }, { highWaterMark: 0 });
  }

  /** Its output. */
  get stdout(): WritableStream<Uint8Array> {
    return this.#stdout ??= this.#outputStream(this.#process.stdio.stdout);
  }

  /** Its errors. */
  get stderr(): WritableStream<Uint8Array> {
    if (this.#process.terminal) return this.stdout;
    return this.#stderr ??= this.#outputStream(this.#process.stdio.stderr);
  }

  // Each bound, so that a program may take its context apart.

  /** Writes to its output. */
  readonly print: ProgramContext["print"] = (text) => this.#write(this.#process.stdio.stdout, text);

  /** Writes to its errors. */
  readonly printError: ProgramContext["printError"] = (text) =>
    this.#write(this.#process.stdio.stderr, text);

  /** Reads a line of its input. */
  readonly readLine: ProgramContext["readLine"] = () => {
    this.#lines ??= new LineReader(() => this.#read());
    const reading = this.#lines.next();
    reading.catch(() => {}); // a program that has ended need not look at it
    return reading;
  };

  /** Waits. */
  readonly sleep: ProgramContext["sleep"] = (durationMs) => {
    const sleeping = sleepOf(this.#process, durationMs);
    sleeping.catch(() => {}); // a program that was killed need not look at it
    return sleeping;
  };

  /** The size of its terminal. */
  readonly terminalSize: ProgramContext["terminalSize"] = () =>
    this.#process.terminal ? this.#process.size : undefined;

  /** Handles a signal. */
  readonly onSignal: ProgramContext["onSignal"] = (signal, handler) =>
    this.#process.signals.add(signal, handler);

  /** Saves for a checkpoint. */
  readonly onCheckpoint: ProgramContext["onCheckpoint"] = (save) => {
    this.#process.save = save;
  };

  /** Tells how much memory it uses. */
  readonly useMemory: ProgramContext["useMemory"] = (bytes) => {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw invalidArgument(
        "bytes",
        `Cannot use memory "${shown(bytes)}": not a whole number from 0`,
      );
    }
    this.#process.useMemory(bytes);
  };

  /** Keeps its output open beyond its end. */
  readonly holdOutput: ProgramContext["holdOutput"] = () => this.#process.holdOutput();

  /** Resolves once nothing holds the process up; rejects when it has ended. */
  async awake(): Promise<void> {
    const { freezer } = this.#process;
    while (freezer.isFrozen) await this.#until((go) => freezer.onThawed(go));
    this.signal.throwIfAborted();
  }

  /** Resolves once all that was written is taken, or the process has ended. */
  async flushed(): Promise<void> {
    while (this.#pending.size > 0 && this.#process.isRunning) {
      const taken = Promise.allSettled(this.#pending);
      await this.#until((go) => {
        taken.then(go);
        return () => {};
      }).catch(() => {}); // it has ended
    }
  }

  #outputStream(output: HostOutput): WritableStream<Uint8Array> {
    let queued = 0;
    let flushed: PromiseWithResolvers<void> | undefined;
    const taken = () => {
      if (--queued > 0 || !flushed) return;
      this.#pending.delete(flushed.promise);
      flushed.resolve();
      flushed = undefined;
    };
    return new WritableStream<Uint8Array>({
      write: async (chunk) => {
        try {
          await this.#write(output, chunk);
        } catch (error) {
          queued = 1; // the stream drops what else waits in it
          throw error;
        } finally {
          taken();
        }
      },
    }, {
      highWaterMark: 1,
      // Called for each chunk as it is written: those that wait in the stream count, too.
      size: () => {
        queued++;
        if (!flushed) {
          flushed = Promise.withResolvers<void>();
          this.#pending.add(flushed.promise);
        }
        return 1;
      },
    });
  }

  #write(output: HostOutput, text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const writing = this.#writeAwake(output, bytes);
    this.#pending.add(writing);
    const forget = () => void this.#pending.delete(writing);
    writing.then(forget, forget); // a program that was killed need not look at it
    return writing;
  }

  async #writeAwake(output: HostOutput, bytes: Uint8Array): Promise<void> {
    // What a program leaves behind may write for as long as it holds the output.
    if (this.signal.aborted && this.#process.holdsOutput) return await output.write(bytes);
    if (this.#process.freezer.isFrozen) await this.awake();
    this.signal.throwIfAborted();
    const done = output.write(bytes);
    let rejected: ((reason: unknown) => void) | undefined;
    const killed = () => rejected?.(this.signal.reason);
    const killing = new Promise<void>((_, reject) => rejected = reject);
    this.signal.addEventListener("abort", killed, { once: true });
    try {
      await Promise.race([done, killing]);
    } finally {
      this.signal.removeEventListener("abort", killed);
    }
    if (this.#process.freezer.isFrozen) await this.awake();
  }

  /** The next piece of its input; nothing is taken out of the pipe while it is held up. */
  async #read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { stdin } = this.#process.stdio;
    while (true) {
      await this.awake();
      if (stdin === undefined) return undefined;
      const chunk = stdin.take();
      if (chunk === "end") return undefined;
      if (chunk !== "nothing") return chunk;
      await this.#until((go) => stdin.onReadable(go));
    }
  }

  /** Waits for what `listen` tells of; rejects when the process has ended. */
  #until(listen: (go: () => void) => () => void): Promise<void> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      let stop: () => void = () => {};
      const abort = () => {
        stop();
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      stop = listen(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
      if (signal.aborted) abort();
    });
  }
}
