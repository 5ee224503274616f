import type { ChildProcess } from "node:child_process";
import { spawnScript } from "../../helpers/runtime.ts";

/** How a script ended. */
export interface ScriptEnd {
  /** Exit code; null if it was killed. */
  readonly code: number | null;
  /** The lines that it wrote. */
  readonly lines: readonly string[];
  /** What it wrote on its error output. */
  readonly stderr: string;
}

/** A script that hangs is killed after this time, in milliseconds; few are expected to take it. */
const HANG_MS = 50_000;

/** What a {@linkcode ChildScript} takes beside its arguments. */
export interface ChildScriptOptions {
  /** When a script that hangs is killed, in milliseconds. Default: 50,000. */
  readonly hangMs?: number;
}

/** Runs a script on the current runtime and hears what it says, line by line. */
export class ChildScript {
  /** Resolves when it has ended and all that it wrote was read. */
  readonly ended: Promise<ScriptEnd>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #rest = "";
  #heard = Promise.withResolvers<void>();
  #isOver = false;

  /** @param args Arguments of the script. */
  constructor(file: URL, args: readonly string[], { hangMs = HANG_MS }: ChildScriptOptions = {}) {
    const child = spawnScript("current", file, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let stderr = "";
    const guard = setTimeout(() => child.kill("SIGKILL"), hangMs);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(guard);
        this.#isOver = true;
        this.#heard.resolve();
        resolve({ code, lines: this.#lines, stderr });
      });
    });
  }

  /** Waits until it has written a line; rejects if it ends before. */
  async line(wanted: string): Promise<void> {
    while (!this.#lines.includes(wanted)) {
      if (this.#isOver) {
        const { code, stderr } = await this.ended;
        throw new Error(`It ended with ${code} before "${wanted}": ${this.#lines} ${stderr}`);
      }
      await this.#heard.promise;
    }
  }

  /** The lines that it has written so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when it writes more, or ends. */
  async more(): Promise<void> {
    if (!this.#isOver) await this.#heard.promise;
  }

  /** Whether it still runs. */
  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it, if it still runs. */
  kill(): void {
    if (this.isRunning) this.#child.kill("SIGKILL");
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#lines.push(...lines);
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }
}
