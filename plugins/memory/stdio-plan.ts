import { ContainerError, invalidArgument, shown } from "../../src/errors.ts";
import type { ProcessRef } from "../../src/event-source.ts";
import type { ByteSource, StdioOptions } from "../../src/stdio.ts";

/** The name of a stream. */
export type StreamName = "stdin" | "stdout" | "stderr";

/** What is checked: the streams that were asked for, and whose they are to be. */
export interface StdioWish {
  /** Names the runtime in messages. */
  readonly plugin: string;
  /** The process. */
  readonly ref: ProcessRef;
  /** Whether it has a terminal. */
  readonly terminal: boolean;
  /** What was asked for. */
  readonly stdio: StdioOptions;
  /** Whether the host has files. */
  readonly hasFiles: boolean;
}

const NAMES: readonly StreamName[] = ["stdin", "stdout", "stderr"];

/**
 * Checks what was asked for, for a new process.
 *
 * @throws {ContainerError} `invalid_argument` with the field, `unimplemented` for what only
 * runtimes with files have.
 */
export function checkNew(wish: StdioWish): void {
  for (const name of NAMES) checkKind(wish, name);
  if (wish.terminal && (wish.stdio.stderr ?? "null") !== "null") {
    throw refusal(wish, "stderr", "process has a terminal, its errors are in stdout");
  }
}

/**
 * Checks what was asked for, of a process that is there.
 *
 * @throws {ContainerError} As {@linkcode checkNew}; what is fixed when a process is made is
 * `invalid_argument`.
 */
export function checkAttached(wish: StdioWish): void {
  for (const name of NAMES) {
    checkKind(wish, name);
    const target = wish.stdio[name];
    if (typeof target !== "object" || isStream(target)) continue;
    throw refusal(wish, name, 'only "piped" and streams can be attached');
  }
  const { stdout, stderr } = wish.stdio;
  if (isStream(stdout) && stdout === stderr) {
    throw refusal(wish, "stderr", "its stream is that of stdout");
  }
}

/** Tells whether a source or target is a stream. */
export function isStream(
  value: unknown,
): value is ByteSource | WritableStream<Uint8Array<ArrayBuffer>> {
  return value instanceof ReadableStream || value instanceof WritableStream;
}

function checkKind(wish: StdioWish, name: StreamName): void {
  const target: unknown = wish.stdio[name];
  if (target === undefined || target === "null" || target === "piped") return;
  if (target === "inherit") throw unimplemented(wish, name, "it has no process to inherit from");
  if (typeof target !== "object" || target === null) {
    const state = 'neither "null", "piped", "inherit", an object nor a stream';
    throw refusal(wish, name, `"${shown(target)}" is ${state}`);
  }
  if (isStream(target)) return checkStream(wish, name, target);
  if ("uri" in target && name !== "stdin") {
    throw unimplemented(wish, name, "it hands no URI to anybody");
  }
  if (!("file" in target) || typeof target.file !== "string") {
    throw refusal(wish, name, "neither a stream nor { file }");
  }
  if (!target.file.startsWith("/")) throw refusal(wish, name, `"${target.file}" is not absolute`);
  if (!wish.hasFiles) throw unimplemented(wish, name, `it has no files, also not "${target.file}"`);
}

function checkStream(
  wish: StdioWish,
  name: StreamName,
  stream: ByteSource | WritableStream,
): void {
  if (name === "stdin" && stream instanceof WritableStream) {
    throw refusal(wish, name, "an input needs a ReadableStream");
  }
  if (name !== "stdin" && stream instanceof ReadableStream) {
    throw refusal(wish, name, "an output needs a WritableStream");
  }
  if (stream.locked) throw refusal(wish, name, "stream is locked");
}

function refusal({ plugin, ref }: StdioWish, name: StreamName, state: string): ContainerError {
  return invalidArgument(`stdio.${name}`, `Cannot use ${name}: ${state}`, { plugin, ...ref });
}

function unimplemented(
  { plugin, ref }: StdioWish,
  name: StreamName,
  state: string,
): ContainerError {
  const { containerId, processId } = ref;
  return new ContainerError(
    "unimplemented",
    `Cannot make ${name} of process "${processId}" of container "${containerId}": the runtime is in memory, ${state}`,
    { plugin, ...ref, field: `stdio.${name}` },
  );
}
