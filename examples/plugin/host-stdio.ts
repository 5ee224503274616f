import type { ChildProcess, StdioOptions as SpawnStdio } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ByteSource, Stdio, StdioOptions } from "../../src/mod.ts";
import type { StdioCallOptions } from "../../src/runtime.ts";
import { hostError } from "./host-error.ts";
import { endInput, pipedInput, pumpInput } from "./host-input.ts";
import { pipedOutput, pumpOutput } from "./host-output.ts";

/** How long the end of a process waits for the end of what it wrote, in milliseconds. */
const DRAIN_BUDGET_MS = 2000;

/** The streams of one process, from before its start until after its end. */
export class HostStdio {
  /** What the caller reads and writes. */
  readonly stdio: Stdio;
  /** What `spawn` is to be given. */
  readonly forSpawn: SpawnStdio;
  readonly #child = Promise.withResolvers<ChildProcess | undefined>();
  readonly #outputs: Promise<void>[] = [];
  readonly #files: number[] = [];

  /**
   * @throws {ContainerError} `invalid_argument` for a file that cannot be opened, `unimplemented`
   * for a URI, which stands for a program that takes the output.
   */
  constructor({ stdio: { stdin, stdout, stderr } = {}, onStreamError }: StdioCallOptions) {
    const child = this.#child.promise;
    const [input, output, errors] = [
      child.then((each) => each?.stdin),
      child.then((each) => each?.stdout),
      child.then((each) => each?.stderr),
    ] as const;
    try {
      this.forSpawn = [
        this.#spawned(stdin, "r"),
        this.#spawned(stdout, "a"),
        this.#spawned(stderr, "a"),
      ];
    } catch (error) {
      this.#closeFiles();
      throw error;
    }
    const told = (pump: Promise<void>) =>
      pump.catch((cause: unknown) => {
        onStreamError?.(hostError("data_loss", 'Cannot serve a "stream": it failed', { cause }));
      });
    if (isReadable(stdin)) told(pumpInput(stdin, input));
    if (isWritable(stdout)) this.#outputs.push(told(pumpOutput(output, stdout)));
    if (isWritable(stderr)) this.#outputs.push(told(pumpOutput(errors, stderr)));
    this.stdio = {
      stdin: stdin === "piped" ? pipedInput(input) : null,
      stdout: stdout === "piped" ? pipedOutput(output) : null,
      stderr: stderr === "piped" ? pipedOutput(errors) : null,
    };
  }

  /** Connects the streams to their process, or ends them where none will ever run. */
  connect(child: ChildProcess | undefined): void {
    // A process that reads no more is no failure of this program.
    child?.stdin?.on("error", () => {});
    this.#closeFiles();
    this.#child.resolve(child);
  }

  /** Ends the input after what was written, as soon as there is a process. */
  closeStdin(): void {
    endInput(this.#child.promise.then((each) => each?.stdin));
  }

  /** Waits, for a limited time, until the streams of the caller have all of the output. */
  async drain(): Promise<{ readonly truncated: boolean }> {
    const budget = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => budget.resolve(true), DRAIN_BUDGET_MS);
    const drained = Promise.all(this.#outputs).then(() => false);
    try {
      return { truncated: await Promise.race([drained, budget.promise]) };
    } finally {
      clearTimeout(timer);
    }
  }

  #spawned(
    choice: StdioOptions[keyof StdioOptions],
    flags: string,
  ): "ignore" | "pipe" | "inherit" | number {
    if (choice === undefined || choice === "null") return "ignore";
    if (choice === "inherit") return "inherit";
    if (choice === "piped" || isReadable(choice) || isWritable(choice)) return "pipe";
    if ("uri" in choice) {
      throw hostError("unimplemented", `Cannot write to "${choice.uri}": URIs are not served`);
    }
    try {
      const file = openSync(choice.file, flags);
      this.#files.push(file);
      return file;
    } catch (cause) {
      const message = `Cannot open file "${choice.file}": ${(cause as Error).message}`;
      throw hostError("invalid_argument", message, { cause, field: "stdio" });
    }
  }

  #closeFiles(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }
}

function isReadable(choice: unknown): choice is ByteSource {
  return typeof choice === "object" && choice !== null && "getReader" in choice;
}

function isWritable(choice: unknown): choice is WritableStream<Uint8Array<ArrayBuffer>> {
  return typeof choice === "object" && choice !== null && "getWriter" in choice;
}
