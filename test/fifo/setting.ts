import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fifo, type FifoBackendName, type FifoOptions } from "../../plugins/fifo/mod.ts";
import type {
  StdioDriver,
  StdioOptions,
  StdioPaths,
  StdioRequest,
  StdioSession,
} from "../../src/stdio.ts";
import { runtimeName } from "../helpers/runtime.ts";
import { type Shim, startShim } from "./shim.ts";

/** The backends that must work on the runtime that runs this, the default first. */
export const backendsHere: readonly FifoBackendName[] = ({
  node: ["socket", "cat", "poll"],
  deno: ["ffi-socket", "cat", "poll"],
  bun: ["bun-file", "cat", "poll"],
} as const)[runtimeName()];

/** What a test works with; everything is gone after it. */
export class Setting {
  /** A folder of the test's own; FIFOs are in `fifo` below it. */
  readonly folder: string = mkdtempSync(join(tmpdir(), "fifo-test-"));
  readonly #sessions: StdioSession[] = [];
  readonly #shims: Shim[] = [];
  readonly #stdinWatchers: Array<() => void> = [];
  /** How often a session of this setting said that its stdin is closed. */
  stdinClosedCount = 0;

  /** The folder of the FIFOs. */
  get fifoFolder(): string {
    return join(this.folder, "fifo");
  }

  /** A driver whose FIFOs are in the test's folder. */
  driver(options: FifoOptions = {}): StdioDriver {
    return fifo({ directory: this.fifoFolder, ...options });
  }

  /** A request for a process. */
  request(stdio: StdioOptions, more: Partial<StdioRequest> = {}): StdioRequest {
    return {
      containerId: "box",
      processId: "init",
      terminal: false,
      stdio,
      onStdinClosed: () => {
        this.stdinClosedCount++;
        for (const tell of this.#stdinWatchers.splice(0)) tell();
      },
      ...more,
    };
  }

  /** Waits until a session of this setting has said that its stdin is closed. */
  async stdinClosed(): Promise<void> {
    if (this.stdinClosedCount > 0) return;
    await new Promise<void>((resolve) => this.#stdinWatchers.push(resolve));
  }

  /** A session that is closed with the setting. */
  async prepare(
    stdio: StdioOptions,
    options: FifoOptions & { readonly request?: Partial<StdioRequest> } = {},
  ): Promise<StdioSession> {
    const { request, ...rest } = options;
    const session = await this.driver(rest).prepare(this.request(stdio, request));
    return this.closing(session);
  }

  /** Closes a session with the setting. */
  closing(session: StdioSession): StdioSession {
    this.#sessions.push(session);
    return session;
  }

  /** Starts a shim on the paths of a session and releases the session once it has opened them. */
  async shim(session: StdioSession, script: string): Promise<Shim> {
    const shim = await this.start(session.paths, script);
    session.release();
    return shim;
  }

  /** Starts a shim on FIFOs, which is ended with the setting. */
  async start(paths: Partial<StdioPaths>, script: string): Promise<Shim> {
    const shim = startShim(paths, script);
    this.#shims.push(shim);
    await shim.opened;
    return shim;
  }

  /** Ends all, and asserts that no FIFO is left. */
  async end(): Promise<void> {
    for (const shim of this.#shims) await shim.stop();
    for (const session of this.#sessions) await session.close();
    const left = readdirSync(this.folder).filter((name) => name === "fifo");
    rmSync(this.folder, { recursive: true, force: true });
    assert.deepEqual(left, [], "the folder of the FIFOs is left");
  }
}

/** Runs a test body with a setting. */
export function withSetting(body: (setting: Setting) => Promise<void>): () => Promise<void> {
  return async () => {
    const setting = new Setting();
    let outcome: { readonly error: unknown } | undefined;
    try {
      await body(setting);
    } catch (error) {
      outcome = { error };
    }
    try {
      await setting.end();
    } catch (error) {
      outcome ??= { error };
    }
    if (outcome !== undefined) throw outcome.error;
  };
}

/** A stream that was asked for as `"piped"`. */
export function piped<Stream>(stream: Stream | null): Stream {
  assert.ok(stream !== null, "stream is not piped");
  return stream;
}

/** Reads a stream to its end. */
export async function readAll(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  return new Uint8Array(await new Response(piped(stream)).arrayBuffer());
}

/** Reads a stream to its end as text. */
export async function readText(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true }).decode(await readAll(stream));
}

/** Bytes that tell when some are missing, twice there or out of order. */
export function pattern(sizeBytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index, 2654435761);
  return new Uint8Array(words.buffer, 0, sizeBytes);
}

/** Asserts that two byte sequences are equal, without printing them. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.byteLength, expected.byteLength, "length");
  assert.equal(Buffer.compare(actual, expected), 0, "content");
}

/** Encodes text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
