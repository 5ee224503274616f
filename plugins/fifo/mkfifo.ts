import { spawn } from "node:child_process";
import { ContainerError } from "../../src/errors.ts";
import type { Libc } from "./libc.ts";
import { systemCode, systemError } from "./system-error.ts";

/**
 * Makes FIFOs with mode 0600: by libc, else by one run of `mkfifo`, about 2 ms.
 *
 * @throws {ContainerError} `unimplemented` without `mkfifo`, else by what the system says.
 */
export async function makeFifos(
  paths: readonly string[],
  libc: Libc | undefined,
): Promise<void> {
  if (paths.length === 0) return;
  if (libc === undefined) return await runMkfifo(paths);
  for (const path of paths) {
    try {
      libc.mkfifo(path);
    } catch (error) {
      throw systemError(`Cannot make FIFO "${path}"`, error);
    }
  }
}

function runMkfifo(paths: readonly string[]): Promise<void> {
  const action = `Cannot make FIFO "${paths[0]}"`;
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void =>
      reject(
        systemCode(error) === "ENOENT"
          ? new ContainerError("unimplemented", `${action}: program "mkfifo" is not installed`, {
            plugin: "fifo",
            cause: error,
          })
          : systemError(`${action} with program "mkfifo"`, error),
      );
    try {
      // An empty environment, because Deno would ask for the permission to read all of it.
      const child = spawn("mkfifo", ["-m", "600", "--", ...paths], {
        env: {},
        stdio: ["ignore", "ignore", "pipe"],
      });
      let text = "";
      // There is none if no descriptor was left for it; the error follows.
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
      child.on("error", failed);
      child.on("close", (code) => {
        if (code === 0) resolve();
        else failed(new Error(text.trim() || `exit code ${code}`));
      });
    } catch (error) {
      failed(error);
    }
  });
}
