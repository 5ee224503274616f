import { shown } from "../../../src/errors.ts";
import type { OutputStream, Stdio } from "../../../src/stdio.ts";
import { fromBase64, toBase64 } from "../base64.ts";
import type { StdioEntry } from "../recording.ts";
import type { Puppet } from "./puppet.ts";

/** What stands for output that was not taken down. */
const FILLER = 0x2e;
/** How much of it is made at a time, in bytes. */
const PIECE_BYTES = 65_536;

/** An output, as far as it was read. */
class Output {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #reading: Promise<void> | undefined;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(stream: OutputStream) {
    this.#reader = stream.getReader();
  }

  /** Reads so many bytes in all, or to the end; gives what it found instead. */
  async readTo(total: number): Promise<string | undefined> {
    while (this.#bytes < total && !this.#isOver) await this.#next();
    return this.#bytes < total ? `the end after ${this.#bytes} bytes` : undefined;
  }

  /** Takes out so many of the bytes that were read. */
  take(bytes: number): Uint8Array {
    const whole = joined(this.#chunks);
    this.#chunks = [whole.subarray(bytes)];
    return whole.subarray(0, bytes);
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  #next(): Promise<void> {
    return this.#reading ??= this.#reader.read().then(({ done, value }) => {
      this.#isOver = done;
      if (!done) this.#chunks.push(value);
      this.#bytes += value?.byteLength ?? 0;
    }).finally(() => this.#reading = undefined);
  }
}

/** The streams of one handle of a replay. */
export class Player {
  readonly #stdio: Stdio;
  readonly #outputs = new Map<OutputStream, Output>();
  /** Where each output begins in the recording: what was before fell out. */
  readonly #starts = new Map<StdioEntry["stream"], number>();
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #written: Promise<undefined> = Promise.resolve(undefined);

  /** @param stdio The streams. */
  constructor(stdio: Stdio) {
    this.#stdio = stdio;
  }

  /**
   * Does what was recorded, and gives what was found in its place: `undefined` if it is the same.
   * Waits for as long as it takes.
   *
   * @param puppet Writes and reads it; `undefined` where the process does as it likes, or did already.
   */
  async play(entry: StdioEntry, puppet: Puppet | undefined): Promise<string | undefined> {
    return entry.stream === "stdin"
      ? await this.#playInput(entry, puppet)
      : await this.#playOutput(entry, entry.stream, puppet);
  }

  /** Reads an output as fast as it comes: its process is to end, and must not wait for room. */
  readAhead(stream: "stdout" | "stderr"): void {
    this.#output(stream)?.readTo(Infinity).catch(() => {}); // whoever plays it is told
  }

  #output(stream: "stdout" | "stderr"): Output | undefined {
    const real = this.#stdio[stream];
    if (real === null) return undefined;
    const output = this.#outputs.get(real) ?? new Output(real);
    this.#outputs.set(real, output);
    return output;
  }

  async #playOutput(
    entry: StdioEntry,
    stream: "stdout" | "stderr",
    puppet: Puppet | undefined,
  ): Promise<string | undefined> {
    const output = this.#output(stream);
    if (output === undefined) return "it is not piped";
    const { edge, bytes = 0, contents } = entry;
    const startsAt = this.#starts.get(stream) ?? entry.offset;
    this.#starts.set(stream, startsAt);
    const offset = entry.offset - startsAt;
    if (edge === "cancel") return void await output.cancel();
    // A target of the caller gets its output by writes, and its end by a close.
    if (edge === "data" || edge === "write") {
      puppet?.write(stream, piecesOf(entry));
      const instead = await output.readTo(offset + bytes);
      if (instead !== undefined) return instead;
      const found = output.take(bytes);
      if (contents === undefined || toBase64(found) === contents) return undefined;
      return `base64:${toBase64(found)}`;
    }
    if (edge === "end" || edge === "close") {
      const instead = await output.readTo(Infinity);
      return instead === `the end after ${offset} bytes` ? undefined : instead;
    }
    return undefined;
  }

  #write(
    writer: WritableStreamDefaultWriter<Uint8Array>,
    entry: StdioEntry,
  ): Promise<undefined> {
    const before = this.#written;
    return this.#written = (async () => {
      await before;
      for (const piece of piecesOf(entry)) await writer.write(piece);
    })();
  }

  async #playInput(entry: StdioEntry, puppet: Puppet | undefined): Promise<string | undefined> {
    const real = this.#stdio.stdin;
    if (real === null) return "it is not piped";
    const writer = this.#writer ??= real.getWriter();
    writer.closed.catch(() => {}); // what fails is told of by what is written
    const { edge, bytes = 0 } = entry;
    try {
      switch (edge) {
        // It may never be taken: that is a further entry.
        case "write":
          this.#write(writer, entry).catch(() => {});
          return undefined;
        case "taken":
          puppet?.read(bytes);
          return await this.#written;
        // Read from a source of the caller.
        case "data":
          puppet?.read(bytes);
          return await this.#write(writer, entry);
        case "close":
        case "end":
          await this.#written;
          return void await writer.close();
        case "abort":
          return void await writer.abort();
        default:
          return undefined;
      }
    } catch (error) {
      return `failed: ${error instanceof Error ? error.message : shown(error)}`;
    }
  }
}

/** What was read or written, as far as it is known, in pieces: a recording may tell of any size. */
export function* piecesOf({ bytes = 0, contents }: StdioEntry): Generator<Uint8Array> {
  if (contents !== undefined) return yield fromBase64(contents);
  for (let rest = bytes; rest > 0; rest -= PIECE_BYTES) {
    yield new Uint8Array(Math.min(rest, PIECE_BYTES)).fill(FILLER);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
