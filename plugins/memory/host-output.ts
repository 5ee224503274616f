import type { MemoryFiles } from "./files.ts";
import type { Pipe } from "./pipe.ts";

/** Where a process writes to: a pipe, a file, or nowhere. */
export interface HostOutput {
  /** Its pipe, if it is one. */
  readonly pipe?: Pipe | undefined;
  /** Writes; resolves when it is taken. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Takes everything and keeps nothing. */
export const nowhere: HostOutput = { write: () => Promise.resolve() };

/** Writes to a pipe. */
export function toPipe(pipe: Pipe): HostOutput {
  return { pipe, write: (bytes) => pipe.write(bytes) };
}

/** Appends to a file, one piece after the other. */
export function toFile(files: MemoryFiles, path: string): HostOutput {
  let last = Promise.resolve();
  return {
    write(bytes) {
      const copy = new Uint8Array(bytes);
      const next = last.then(() => files.append(path, copy));
      last = next.catch(() => {});
      return next;
    },
  };
}

/** What a terminal does to output: the end of a line gets a carriage return. */
export function throughTerminal(output: HostOutput): HostOutput {
  return { pipe: output.pipe, write: (bytes) => output.write(withReturns(bytes)) };
}

function withReturns(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  if (!bytes.includes(0x0a)) return bytes;
  for (const byte of bytes) {
    if (byte === 0x0a) out.push(0x0d);
    out.push(byte);
  }
  return Uint8Array.from(out);
}
