/**
 * Minimal types of what Deno and Bun offer natively, so that their own type packages are not
 * needed. Only what this plugin calls is declared.
 *
 * @module
 */

/** A symbol for `Deno.dlopen`. */
export interface DenoForeignFunction {
  /** Types of the parameters. */
  readonly parameters: readonly string[];
  /** Type of the result. */
  readonly result: string;
}

/** What this plugin uses of the global `Deno`. */
export interface DenoNative {
  /** Opens a shared library. */
  dlopen(
    path: string,
    symbols: Readonly<Record<string, DenoForeignFunction>>,
  ): { readonly symbols: Readonly<Record<string, (...args: unknown[]) => unknown>> };
  /** Asks for permissions without a prompt. */
  readonly permissions: {
    querySync(
      descriptor: { readonly name: "ffi"; readonly path: string },
    ): { readonly state: string };
  };
  /** Reads foreign memory. */
  readonly UnsafePointerView: new (pointer: unknown) => { getInt32(): number };
}

/** The module `bun:ffi`. */
export interface BunFfi {
  /** Opens a shared library. */
  dlopen(
    path: string,
    symbols: Readonly<
      Record<string, { readonly args: readonly string[]; readonly returns: string }>
    >,
  ): { readonly symbols: Readonly<Record<string, (...args: unknown[]) => unknown>> };
  /** Reads foreign memory. */
  readonly read: { i32(pointer: unknown): number };
}

/** A `FileSink` of Bun. */
export interface BunFileSink {
  /** Takes bytes; a promise if they could not be written at once, `true` if the pipe is broken. */
  write(chunk: Uint8Array): number | boolean | Promise<number>;
  /** Writes what is still held. */
  flush(): number | Promise<number>;
  /** Closes the descriptor after what is pending was written. */
  end(): number | Promise<number>;
}

/** What this plugin uses of the global `Bun`. */
export interface BunNative {
  /** Names a file. */
  file(path: string): {
    stream(): ReadableStream<Uint8Array>;
    writer(): BunFileSink;
  };
}

/** The global `Deno`, where it has what is needed to call foreign functions. */
export function denoNative(): DenoNative | undefined {
  const { Deno: native } = globalThis as { Deno?: Partial<DenoNative> };
  return native?.dlopen && native.permissions && native.UnsafePointerView
    ? (native as DenoNative)
    : undefined;
}

/** The global `Bun`, where it has files. */
export function bunNative(): BunNative | undefined {
  const { Bun: native } = globalThis as { Bun?: Partial<BunNative> };
  return native?.file ? (native as BunNative) : undefined;
}

/** The module `bun:ffi`, where there is one. */
export async function bunFfi(): Promise<BunFfi | undefined> {
  if (bunNative() === undefined) return undefined;
  // Not a literal, for no other host and no bundler can resolve it.
  const specifier = ["bun", "ffi"].join(":");
  try {
    return (await import(specifier)) as BunFfi;
  } catch {
    return undefined;
  }
}
