import { type BunFfi, bunFfi, type DenoNative, denoNative } from "./natives.ts";

/** The functions of libc that this plugin calls, through the host's foreign functions. */
export interface Libc {
  /** Makes a FIFO with mode 0600. */
  mkfifo(path: string): void;
  /** Opens a file; `O_CLOEXEC` is added. */
  open(path: string, flags: number): number;
  /** Closes a descriptor. */
  close(fd: number): void;
  /** Asks for a larger pipe; a refusal is no error. */
  setPipeSize(fd: number, sizeBytes: number): void;
}

/** An error of libc, shaped like those of `node:fs`. */
export class LibcError extends Error {
  override readonly name = "LibcError";
  /** Number of the error. */
  readonly errno: number;
  /** Name of the error; empty if it is none of those that matter here. */
  readonly code: string;

  /** @param syscall Name of the function that failed. */
  constructor(syscall: string, path: string, errno: number) {
    const code = errorNames[errno] ?? "";
    super(`${code || `errno ${errno}`}, ${syscall} '${path}'`);
    this.errno = errno;
    this.code = code;
  }
}

const errorNames: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  6: "ENXIO",
  13: "EACCES",
  17: "EEXIST",
  20: "ENOTDIR",
  23: "ENFILE",
  24: "EMFILE",
  28: "ENOSPC",
  30: "EROFS",
};

// Absolute paths first: a permission that is scoped to a path matches nothing else. glibc on
// Debian, glibc elsewhere, musl, then what the loader finds.
const libraries: readonly string[] = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/usr/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
  "libc.so.6",
  "libc.so",
];

const signatures = {
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;

/** Loads libc, or gives `undefined` where the host has no foreign functions or forbids them. */
export async function loadLibc(): Promise<Libc | undefined> {
  const deno = denoNative();
  if (deno !== undefined) return loadWithDeno(deno);
  const bun = await bunFfi();
  return bun === undefined ? undefined : loadWithBun(bun);
}

function loadWithDeno(deno: DenoNative): Libc | undefined {
  for (const path of libraries) {
    try {
      // Asking first: dlopen without the permission would stop the program with a prompt.
      if (deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
      const { symbols } = deno.dlopen(path, signatures);
      return bind(symbols, (pointer) => new deno.UnsafePointerView(pointer).getInt32());
    } catch {
      // Not the libc of this machine.
    }
  }
  return undefined;
}

function loadWithBun(bun: BunFfi): Libc | undefined {
  const types: Readonly<Record<string, string>> = { buffer: "ptr", pointer: "ptr" };
  const bunSignatures = Object.fromEntries(
    Object.entries(signatures).map(([name, { parameters, result }]) => [
      name,
      { args: parameters.map((type) => types[type] ?? type), returns: types[result] ?? result },
    ]),
  );
  for (const path of libraries) {
    try {
      const { symbols } = bun.dlopen(path, bunSignatures);
      return bind(symbols, (pointer) => bun.read.i32(pointer));
    } catch {
      // Not the libc of this machine.
    }
  }
  return undefined;
}

function bind(
  symbols: Readonly<Record<string, (...args: unknown[]) => unknown>>,
  readInt: (pointer: unknown) => number,
): Libc {
  const call = (name: keyof typeof signatures, ...args: unknown[]): unknown =>
    symbols[name]?.(...args);
  const check = (name: "mkfifo" | "open", path: string, ...args: unknown[]): number => {
    const result = Number(call(name, new TextEncoder().encode(`${path}\0`), ...args));
    if (result >= 0) return result;
    throw new LibcError(name, path, readInt(call("__errno_location")));
  };
  return {
    mkfifo: (path) => void check("mkfifo", path, 0o600),
    open: (path, flags) => check("open", path, flags | O_CLOEXEC, 0),
    close: (fd) => void call("close", fd),
    setPipeSize: (fd, sizeBytes) => void call("fcntl", fd, F_SETPIPE_SZ, sizeBytes),
  };
}
