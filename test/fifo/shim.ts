import { type ChildProcess, spawn } from "node:child_process";
import type { StdioPaths } from "../../src/stdio.ts";

/** A process that has its ends of FIFOs open as a containerd shim has. */
export interface Shim {
  /** Resolves when it has opened everything. */
  readonly opened: Promise<void>;
  /** Resolves with its exit code when it has ended. */
  readonly ended: Promise<number | null>;
  /** Sends a line to its control input. */
  tell(line: string): void;
  /** Ends it. */
  stop(): Promise<void>;
}

// Both directions of each pipe, as the shim does: 3 and 4 stdout, 5 and 6 stderr, 7 and 8 stdin.
const openAll = `
[ -z "$2" ] || exec 3>"$2" 4<"$2"
[ -z "$3" ] || exec 5>"$3" 6<"$3"
[ -z "$1" ] || exec 7<"$1" 8>"$1"
echo opened
`;

/**
 * Starts one. The script finds the process's output at descriptor 3, its errors at 5, its input at
 * 7, and, to be closed by `exec 8>&-` as CloseIO does, the shim's own writer of the input at 8. Its
 * standard input is the control input.
 */
export function startShim(paths: Partial<StdioPaths>, script: string): Shim {
  const { stdin = "", stdout = "", stderr = "" } = paths;
  const child: ChildProcess = spawn("sh", ["-c", openAll + script, "sh", stdin, stdout, stderr], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin?.on("error", () => {}); // It may end without having read all.
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const opened = new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("close", () => reject(new Error("The shim ended before it had opened its ends")));
  });
  opened.catch(() => {}); // Not every test waits for it.
  return {
    opened,
    ended,
    tell: (line) => void child.stdin?.write(`${line}\n`),
    async stop() {
      child.kill("SIGKILL");
      child.stdin?.destroy();
      await ended;
    },
  };
}
