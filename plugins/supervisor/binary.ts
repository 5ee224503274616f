import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { ContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { fileError } from "./file-error.ts";

/** How long what it has started may hold its output open after its end. */
const DRAIN_MS = 1000;
/** How much of what it says is kept, in characters, and how much of that is in an error. */
const MOST_TEXT = 64 * 1024;
const MOST_SHOWN = 2000;

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the program of the daemon.
 *
 * @param name Its name in `PATH`, or its absolute path.
 * @throws {ContainerError} `not_found` that says where it was looked for.
 */
export function findBinary(name: string, env: Environment): string {
  const path = env["PATH"] ?? "";
  const places = name.startsWith("/")
    ? [name]
    // An empty part would be the working folder, from which nothing is run by accident.
    : path.split(":").filter((folder) => folder.startsWith("/")).map((each) => `${each}/${name}`);
  const found = places.find(isExecutable);
  if (found !== undefined) return found;
  const state = name.startsWith("/") ? "not an executable file" : `not in PATH "${path}"`;
  throw new ContainerError("not_found", `Cannot find containerd "${name}": ${state}`, {
    plugin: "supervisor",
  });
}

/** What {@linkcode majorVersion} takes beside the program. */
export interface VersionOptions extends CallOptions {
  /** How long the program may take, in milliseconds. */
  readonly budgetMs: number;
}

/**
 * Asks a program of containerd for its major version; 1, whose configuration all versions read, if
 * what it says is not understood.
 *
 * @throws {ContainerError} `unavailable` if it cannot be run, `deadline_exceeded` if it does not end;
 * an abort rejects with its reason. Neither leaves it running.
 */
export async function majorVersion(
  binary: string,
  env: Environment,
  { budgetMs, signal }: VersionOptions,
): Promise<number> {
  const text = await versionText(binary, env, budgetMs, signal);
  return Number(/\sv?(\d+)\.\d+/.exec(text)?.[1] ?? 1);
}

function versionText(
  binary: string,
  env: Environment,
  budgetMs: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (state: string, cause?: unknown) =>
      new ContainerError(
        cause === undefined ? "deadline_exceeded" : "unavailable",
        `Cannot run containerd "${binary}": ${state}`,
        { plugin: "supervisor", cause },
      );
    let child: ChildProcess;
    try {
      // In a group of its own, so that what a script has started ends with it.
      child = spawn(binary, ["--version"], { env: { ...env }, detached: true });
    } catch (error) {
      reject(failed(error instanceof Error ? error.message : String(error), error));
      return;
    }
    const said = { stdout: "", stderr: "" };
    let drain: ReturnType<typeof setTimeout> | undefined;
    const settle = (act: () => void) => {
      clearTimeout(timer);
      clearTimeout(drain);
      signal?.removeEventListener("abort", abort);
      killGroup(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
      act();
    };
    const timer = setTimeout(
      () => settle(() => reject(failed(`no version within ${budgetMs} ms`))),
      budgetMs,
    );
    const abort = () => settle(() => reject(signal?.reason));
    signal?.addEventListener("abort", abort);
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        // What is too much is read, so that it can end, and dropped.
        if (said[name].length < MOST_TEXT) said[name] += text;
      });
    }
    child.once("error", (error) => settle(() => reject(failed(error.message, error))));
    const finish = (code: number | null, by: string | null) =>
      settle(() => {
        if (code === 0) resolve(said.stdout);
        else {
          const how = by === null ? `exit code ${code}` : by;
          const state = said.stderr.trim().slice(0, MOST_SHOWN) || `ended with ${how}`;
          reject(failed(state, new Error(how)));
        }
      });
    child.once("close", finish);
    child.once("exit", (code, by) => {
      drain = setTimeout(() => finish(code, by), DRAIN_MS);
    });
  });
}

/** Ends a program, and what it has started, unless it has ended: then its id may be another's. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended just now.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    // Deno must be allowed to look: what it may not see may be there.
    if (error instanceof Error && error.name === "NotCapable") {
      throw fileError(`Cannot look for "${path}"`, error);
    }
    return false;
  }
}
