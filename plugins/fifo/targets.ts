import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type ContainerError, invalidArgument, shown } from "../../src/errors.ts";
import type { ByteSource, InputSource, OutputTarget } from "../../src/stdio.ts";
import { systemCode, systemError } from "./system-error.ts";

type Name = "stdin" | "stdout" | "stderr";

/** Tells whether a source or target is a stream. */
export function isStream(
  value: unknown,
): value is ByteSource | WritableStream<Uint8Array<ArrayBuffer>> {
  return value instanceof ReadableStream || value instanceof WritableStream;
}

/** Scheme of a target's URI, without the colon; `undefined` if it has none. */
export function uriScheme(target: InputSource | OutputTarget | undefined): string | undefined {
  if (typeof target !== "object" || isStream(target) || !("uri" in target)) return undefined;
  return target.uri.split(":", 1)[0];
}

/**
 * Checks a URI as the shims take it, and gives it back.
 *
 * @throws {ContainerError} `invalid_argument`, with the field.
 */
export function checkUri(uri: string, name: Name): string {
  const scheme = uri.split(":", 1)[0];
  if (scheme !== "file" && scheme !== "binary") {
    throw refusal(name, uri, "scheme is neither file nor binary");
  }
  if (!uri.startsWith(`${scheme}:///`)) throw refusal(name, uri, "path is not absolute");
  checkParseable(uri, name);
  return uri;
}

/**
 * Checks a file: an input must be there, an output's folder must.
 *
 * @throws {ContainerError} `invalid_argument`, with the field.
 */
export async function checkFile(path: string, name: Name): Promise<"there" | "missing"> {
  if (!path.startsWith("/")) throw refusal(name, path, "path is not absolute");
  checkParseable(path, name);
  const found = await statOf(path, name);
  if (found?.isDirectory()) throw refusal(name, path, "is a folder");
  if (found?.isSocket()) throw refusal(name, path, "is a socket");
  if (found !== undefined) return "there";
  if (name === "stdin") throw refusal(name, path, "no such file");
  const folder = await statOf(dirname(path), name);
  if (!folder?.isDirectory()) throw refusal(name, path, "its folder does not exist");
  if (path.endsWith("/")) throw refusal(name, path, "is a folder");
  return "missing";
}

/** Go's URL parser, which shims apply to plain paths as well, refuses these. */
function checkParseable(text: string, name: Name): void {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw refusal(name, text, "has a control character");
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) {
    throw refusal(name, text, "has a % that two hexadecimal digits do not follow");
  }
}

async function statOf(path: string, name: Name): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw systemError(`Cannot use "${path}" as ${name}`, error);
  }
}

function refusal(name: Name, value: string, state: string): ContainerError {
  return invalidArgument(`stdio.${name}`, `Cannot use "${shown(value)}" as ${name}: ${state}`, {
    plugin: "fifo",
  });
}
