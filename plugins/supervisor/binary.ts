import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { ContainerError } from "../../src/errors.ts";
import { fileError } from "./file-error.ts";

/** How long a program may take to tell its version. */
const VERSION_BUDGET_MS = 15_000;

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

/**
 * Asks a program of containerd for its major version; 1, whose configuration all versions read, if
 * what it says is not understood.
 *
 * @throws {ContainerError} `unavailable` if it cannot be run; an abort rejects with its reason.
 */
export async function majorVersion(
  binary: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    const options = { env: { ...env }, timeout: VERSION_BUDGET_MS, signal };
    execFile(binary, ["--version"], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (signal?.aborted) reject(signal.reason);
      else {
        const state = stderr.trim() || error.message;
        reject(
          new ContainerError("unavailable", `Cannot run containerd "${binary}": ${state}`, {
            plugin: "supervisor",
            cause: error,
          }),
        );
      }
    });
  });
  return Number(/\sv?(\d+)\.\d+/.exec(text)?.[1] ?? 1);
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
