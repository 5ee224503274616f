import type { AllPiped, PipedStdio, StdioChoice } from "./client-options.ts";
import type { Stdio, StdioOptions } from "./stdio.ts";

/** The description that a choice amounts to: a callback pipes all that a process can have. */
export function stdioOptions(choice: StdioChoice | undefined, terminal: boolean): StdioOptions {
  if (typeof choice !== "function") return choice ?? {};
  return {
    stdin: "piped",
    stdout: "piped",
    stderr: terminal ? "null" : "piped",
  } satisfies AllPiped;
}

/** Hands the streams to the callback, if the choice is one. */
export async function handStdio(choice: StdioChoice | undefined, stdio: Stdio): Promise<void> {
  // The callback's streams are all there: they were asked for by stdioOptions.
  if (typeof choice === "function") await choice(stdio as PipedStdio);
}
