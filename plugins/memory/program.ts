import type { TerminalSize } from "../../src/runtime.ts";

/**
 * A program: gives its exit code, 0 to 255, or throws, which prints the error to its stderr and ends
 * it with 1. `"not-executable"` stands for a file that is there and cannot be run (126).
 */
export type MemoryProgram =
  | ((context: ProgramContext) => number | Promise<number>)
  | "not-executable";

/** Programs by what a process names as its first argument: `web`, or `/usr/sbin/web`. */
export type MemoryPrograms = Readonly<Record<string, MemoryProgram>>;

/**
 * What a program has of the machine that it runs on. Once its process has ended, also because it was
 * killed, whatever it awaits of this rejects with the reason of `signal`. It may be taken apart.
 */
export interface ProgramContext {
  /** Its arguments; the first one is its name. */
  readonly args: readonly string[];
  /** Its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its working folder. */
  readonly cwd: string;
  /** Its process id. */
  readonly pid: number;
  /** Aborts when its process has ended; a program that is killed should return soon. */
  readonly signal: AbortSignal;
  /** Its input. */
  readonly stdin: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Its output. A write waits while nobody reads, and while the container is paused. */
  readonly stdout: WritableStream<Uint8Array>;
  /** Its errors; with a terminal the same as its output. */
  readonly stderr: WritableStream<Uint8Array>;
  /** What it had saved by `onCheckpoint`, where it continues from a checkpoint. */
  readonly restored: unknown;
  /** Writes a text, or bytes, to its output. */
  print(text: string | Uint8Array): Promise<void>;
  /** Writes a text, or bytes, to its errors. */
  printError(text: string | Uint8Array): Promise<void>;
  /** Reads a line of its input, without its end; `undefined` at the end of the input. */
  readLine(): Promise<string | undefined>;
  /**
   * Waits, by the clock of the host; time in which the container is paused does not count.
   *
   * @param durationMs How long, in milliseconds.
   */
  sleep(durationMs: number): Promise<void>;
  /** The size of its terminal; `undefined` without one. */
  terminalSize(): TerminalSize | undefined;
  /**
   * Handles a signal in place of what it would do by itself: most end the process with 128 and
   * their number. `SIGKILL` and `SIGSTOP` cannot be handled.
   *
   * @param signal Number, or a name with or without `SIG`.
   * @returns What takes the handler away again.
   * @throws {ContainerError} `invalid_argument` for what is no signal, or cannot be handled.
   */
  onSignal(signal: number | string, handler: (signal: number) => void): () => void;
  /** Gives what a checkpoint keeps of the program, in terms of JSON. */
  onCheckpoint(save: () => unknown): void;
  /**
   * Tells how much memory it uses. More than the limit of its container, all processes together,
   * ends the container for want of memory.
   *
   * @param bytes How much it uses from now on, in bytes.
   */
  useMemory(bytes: number): void;
  /**
   * Keeps its output open beyond its end, as a child does that it leaves behind; `print` goes on
   * working for as long.
   *
   * @returns What lets go of it, idempotent.
   */
  holdOutput(): () => void;
}
