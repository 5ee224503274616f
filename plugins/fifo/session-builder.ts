import type { Stdio, StdioPaths, StdioRequest } from "../../src/stdio.ts";
import type { Host } from "./choose-backend.ts";
import { Input } from "./input.ts";
import { Keeper } from "./keeper.ts";
import { Output } from "./output.ts";
import { InputPump, OutputPump, type Pump } from "./pump.ts";
import { FifoSession, type SessionParts } from "./session.ts";
import { streamFailure } from "./stream-failure.ts";
import { systemError } from "./system-error.ts";

/** What {@linkcode SessionBuilder} takes. */
export interface BuilderOptions {
  /** Whether the process is new, or one that runs already. */
  readonly process: "new" | "running";
  /** Removes what was made. */
  readonly remove: SessionParts["remove"];
}

/** A larger pipe spares both sides a wake-up for each 64 KiB, where the host can ask for it. */
const outputPipeSizeBytes = 256 * 1024;

/** Opens our ends of FIFOs one by one, and closes all of them should one fail. */
export class SessionBuilder {
  readonly #request: StdioRequest;
  readonly #host: Host | undefined;
  readonly #options: BuilderOptions;
  readonly #keepers: Keeper[] = [];
  readonly #outputs: Output[] = [];
  readonly #pumps: Pump[] = [];
  #input: Input | undefined;
  #stdin: WritableStream<Uint8Array> | null = null;
  #stdout: ReadableStream<Uint8Array> | null = null;
  #stderr: ReadableStream<Uint8Array> | null = null;

  /** @param host Needed if anything is opened. */
  constructor(request: StdioRequest, host: Host | undefined, options: BuilderOptions) {
    this.#request = request;
    this.#host = host;
    this.#options = options;
  }

  /**
   * Opens our end of a FIFO.
   *
   * @throws {ContainerError} by what the system says, for instance `resource_exhausted`.
   */
  open(name: "stdin" | "stdout" | "stderr", path: string): void {
    if (this.#host === undefined) return;
    try {
      if (name === "stdin") this.#openInput(this.#host, path);
      else this.#openOutput(this.#host, name, path);
    } catch (error) {
      const { containerId, processId } = this.#request;
      throw systemError(`Cannot open FIFO "${path}"`, error, { containerId, processId });
    }
  }

  /** Ends a stream of the caller whose FIFO is not there. */
  skip(name: "stdin" | "stdout" | "stderr"): void {
    const target = this.#request.stdio[name];
    if (target instanceof WritableStream) target.close().catch(() => {});
    if (target instanceof ReadableStream) target.cancel().catch(() => {});
  }

  /** Puts the session together. */
  build(paths: StdioPaths): FifoSession {
    // The members depend on options that only the caller's type knows.
    const stdio = { stdin: this.#stdin, stdout: this.#stdout, stderr: this.#stderr } as Stdio;
    return new FifoSession({
      paths,
      stdio,
      input: this.#input,
      outputs: this.#outputs,
      keepers: this.#keepers,
      pumps: this.#pumps,
      remove: this.#options.remove,
    });
  }

  /** Closes what was opened and removes what was made. */
  async abandon(): Promise<void> {
    await this.build({ stdin: "", stdout: "", stderr: "" }).close();
  }

  #openInput(host: Host, path: string): void {
    const { stdio, containerId, processId, onStdinClosed } = this.#request;
    const input = new Input({
      path,
      descriptors: host.descriptors,
      backend: host.backend,
      reader: this.#options.process === "new" ? "comes" : "is there",
      onClosed: onStdinClosed,
      containerId,
      processId,
    });
    this.#input = input;
    const source = stdio.stdin;
    const failure = streamFailure(this.#request, "stdin");
    if (source instanceof ReadableStream) this.#pumps.push(new InputPump(input, source, failure));
    else if (source === "inherit") this.#pumps.push(new InputPump(input, "stdin", failure));
    else this.#stdin = input.stream;
  }

  #openOutput(host: Host, name: "stdout" | "stderr", path: string): void {
    const { stdio, containerId, processId } = this.#request;
    const keeper = new Keeper(host.descriptors, path);
    this.#keepers.push(keeper);
    if (keeper.fd !== undefined) host.libc?.setPipeSize(keeper.fd, outputPipeSizeBytes);
    const output = new Output((sink) => host.backend.openReader(path, sink), {
      onCancel: this.#options.process === "new" ? "discard" : "detach",
      failure: (cause) =>
        systemError(`Cannot read ${name} of process "${processId}"`, cause, {
          containerId,
          processId,
        }),
    });
    this.#outputs.push(output);
    const target = stdio[name];
    const failure = streamFailure(this.#request, name);
    if (target instanceof WritableStream) this.#pumps.push(new OutputPump(output, target, failure));
    else if (target === "inherit") this.#pumps.push(new OutputPump(output, name, failure));
    else if (name === "stdout") this.#stdout = output.stream;
    else this.#stderr = output.stream;
  }
}
