import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { found, toolchainDir } from "./cache.ts";

/** The JavaScript runtimes that are tested. */
export type RuntimeName = "node22" | "node24" | "node26" | "deno" | "bun";

const programs: Readonly<Record<RuntimeName, string>> = {
  node22: "node22/bin/node",
  node24: "node24/bin/node",
  node26: "node26/bin/node",
  deno: "@deno/linux-x64-glibc/deno",
  bun: "@oven/bun-linux-x64/bin/bun",
};

/** Every runtime that is tested. */
export const allRuntimes: readonly RuntimeName[] = Object.keys(programs) as RuntimeName[];

/** The kind of runtime that runs this. */
export function runtimeName(): "node" | "deno" | "bun" {
  if ("Deno" in globalThis) return "deno";
  return "Bun" in globalThis ? "bun" : "node";
}

/** The program of a runtime; `current` is the one that runs this. */
export function execPath(runtime: RuntimeName | "current"): string {
  if (runtime === "current") return process.execPath;
  return found(`${toolchainDir}/${programs[runtime]}`);
}

/** What {@linkcode spawnScript} takes. */
export interface SpawnScriptOptions {
  /** Environment beside that of this process; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: no input, output by pipes, errors to this process's. */
  readonly stdio?: StdioOptions;
  /** Working folder. */
  readonly cwd?: string;
}

/**
 * Runs a TypeScript or JavaScript file in a process of its own, with all permissions.
 *
 * The caller waits for it, and kills it on the failure path.
 */
export function spawnScript(
  runtime: RuntimeName | "current",
  file: string | URL,
  args: readonly string[] = [],
  options: SpawnScriptOptions = {},
): ChildProcess {
  const isDeno = runtime === "deno" || (runtime === "current" && runtimeName() === "deno");
  const script = file instanceof URL ? fileURLToPath(file) : file;
  const all = [...(isDeno ? ["run", "--allow-all", "--quiet"] : []), script, ...args];
  return spawn(execPath(runtime), all, {
    stdio: options.stdio ?? ["ignore", "pipe", "inherit"],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** What {@linkcode runScript} gives. */
export interface ScriptResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a file as {@linkcode spawnScript} does, to its end, for at most `budgetMs` (60 s). */
export async function runScript(
  runtime: RuntimeName | "current",
  file: string | URL,
  args: readonly string[] = [],
  options: Omit<SpawnScriptOptions, "stdio"> & { readonly budgetMs?: number } = {},
): Promise<ScriptResult> {
  const child = spawnScript(runtime, file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), options.budgetMs ?? 60_000);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  } finally {
    clearTimeout(timer);
  }
}
