import { abortable } from "../../src/abort.ts";
import type {
  InputStream,
  OutputStream,
  OutputTarget,
  Stdio,
  StdioOptions,
} from "../../src/stdio.ts";
import type { Journal } from "./journal.ts";
import type { StreamName } from "./recording.ts";
import {
  recordedByteReadable,
  recordedReadable,
  type RecordedWritable,
  recordedWritable,
} from "./recorded-streams.ts";
import { StreamLog, type StreamOwner } from "./stream-log.ts";

/** The piped streams of one handle, as they are taken down. */
export class RecordedStdio {
  readonly #journal: Journal;
  readonly #owner: StreamOwner;
  /** By the streams of the handle, which may put them into a new object each time. */
  readonly #shown = new WeakMap<object, object>();
  #stdin: RecordedWritable | undefined;

  /** @param owner Whose they are. */
  constructor(journal: Journal, owner: StreamOwner) {
    this.#journal = journal;
    this.#owner = owner;
  }

  /** The streams in place of those of the handle. */
  of({ stdin, stdout, stderr }: Stdio): Stdio {
    return {
      stdin: stdin && this.#once(stdin, () => this.#input(stdin)),
      stdout: stdout && this.#once(stdout, () => this.#output(stdout, "stdout")),
      stderr: stderr && this.#once(stderr, () => this.#output(stderr, "stderr")),
    };
  }

  /** Resolves once what was written to the input is handed on: it may then be closed by others. */
  async flushed(signal: AbortSignal | undefined): Promise<void> {
    if (this.#stdin) await abortable(this.#stdin.flushed(), signal);
  }

  #once<Stream extends object>(real: Stream, make: () => Stream): Stream {
    const shown = this.#shown.get(real) ?? make();
    this.#shown.set(real, shown);
    return shown as Stream;
  }

  #log(stream: StreamName): StreamLog {
    return new StreamLog(this.#journal, () => this.#owner, stream);
  }

  #input(real: InputStream): InputStream {
    if (real.locked) return real;
    this.#stdin = recordedWritable(real, this.#log("stdin"), "now");
    return this.#stdin.stream;
  }

  #output(real: OutputStream, name: StreamName): OutputStream {
    if (real.locked) return real;
    const log = this.#log(name);
    return takesBuffers(real) ? recordedByteReadable(real, log) : recordedReadable(real, log);
  }
}

/** The streams that a caller gives for a process, as they are taken down. */
export function recordedTargets(
  journal: Journal,
  owner: () => StreamOwner,
  stdio: StdioOptions,
): StdioOptions {
  const log = (name: StreamName) => new StreamLog(journal, owner, name);
  const output = (target: OutputTarget, name: StreamName): OutputTarget =>
    target instanceof WritableStream && !target.locked
      ? recordedWritable(target, log(name), "later").stream as typeof target
      : target;
  const { stdin, stdout, stderr } = stdio;
  return {
    ...stdio,
    ...(stdin instanceof ReadableStream && !stdin.locked &&
      { stdin: recordedReadable(stdin, log("stdin")) }),
    ...(stdout !== undefined && { stdout: output(stdout, "stdout") }),
    ...(stderr !== undefined && { stderr: output(stderr, "stderr") }),
  };
}

/** Whether a reader may bring its own buffer; asking takes the lock for a moment. */
function takesBuffers(stream: OutputStream): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
