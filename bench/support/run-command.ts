import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import process from "node:process";

/** What {@linkcode runCommand} takes. */
export interface CommandOptions {
  /** Environment beside that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: nothing but errors, which go to this process's. */
  readonly stdio?: StdioOptions;
  /** Is given the process when it has been started. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/**
 * Runs a program to its end.
 *
 * @returns How long that took, from before it was started, in milliseconds.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: options.stdio ?? ["ignore", "ignore", "inherit"],
      env: { ...process.env, ...options.env },
    });
    options.onSpawn?.(child);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(performance.now() - start);
      reject(new Error(`Cannot measure "${program}": it ended with ${signal ?? code}`));
    });
  });
}
