import { invalidArgument } from "./errors.ts";
import type { PipedStdio, StdioChoice } from "./client-options.ts";
import type { Stdio, StdioOptions } from "./stdio.ts";

const STREAMS = ["stdin", "stdout", "stderr"];

/**
 * Checks that a description is one: a misspelt stream would be silent.
 *
 * @throws {ContainerError} `invalid_argument` with field `stdio`, or `stdio.<name>` for a name that
 * no stream has. What the streams may be depends on the runtime.
 */
export function validateStdio(stdio: StdioOptions): void {
  if (typeof stdio !== "object" || stdio === null || Array.isArray(stdio)) {
    throw invalidArgument("stdio", 'Cannot use "stdio": neither an object nor a function');
  }
  const other = Object.keys(stdio).find((name) => !STREAMS.includes(name));
  if (other === undefined) return;
  throw invalidArgument(`stdio.${other}`, `Cannot use "stdio.${other}": there is no such stream`);
}

/**
 * Refuses piped streams where nobody gets a handle to read or write them: the process would stall.
 *
 * @throws {ContainerError} `invalid_argument` with the field.
 */
export function refusePiped(choice: StdioChoice | undefined): void {
  if (choice === undefined || typeof choice === "function") return;
  validateStdio(choice);
  for (const [name, option] of Object.entries(choice)) {
    if (option !== "piped") continue;
    throw invalidArgument(
      `stdio.${name}`,
      `Cannot pipe "stdio.${name}": run() gives no handle; pass a stream or a callback`,
    );
  }
}

/** The description that a choice amounts to: a callback pipes all that a process can have. */
export function stdioOptions(choice: StdioChoice | undefined, terminal: boolean): StdioOptions {
  if (typeof choice !== "function") {
    if (choice === undefined) return {};
    validateStdio(choice);
    return choice;
  }
  return {
    stdin: "piped",
    stdout: "piped",
    stderr: terminal ? "null" : "piped",
  };
}

/** Hands the streams to the callback, if the choice is one. */
export async function handStdio(choice: StdioChoice | undefined, stdio: Stdio): Promise<void> {
  // The callback's streams are all there: they were asked for by stdioOptions.
  if (typeof choice === "function") await choice(stdio as PipedStdio);
}
