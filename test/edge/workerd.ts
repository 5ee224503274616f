import { build } from "esbuild";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { found, toolchainDir } from "../helpers/cache.ts";

/** Without `nodejs_compat`; requests may go to loopback, which workerd refuses by itself. */
const config = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "main", worker = (
      modules = [ ( name = "worker.js", esModule = embed "worker.js" ) ],
      compatibilityDate = "2026-07-01",
    ) ),
    ( name = "internet", network = ( allow = ["local"] ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "main" ) ],
);
`;

/** Longer than any scenario takes, so that one that hangs is named. */
const scenarioBudgetMs = 60_000;

/** A workerd with the worker in it, on loopback. */
export class Workerd implements AsyncDisposable {
  readonly #home: string;
  readonly #child: ChildProcess;
  readonly #port: number;

  private constructor(home: string, child: ChildProcess, port: number) {
    this.#home = home;
    this.#child = child;
    this.#port = port;
  }

  /** Bundles the worker, starts workerd and waits until it listens. */
  static async start(): Promise<Workerd> {
    const home = mkdtempSync("/tmp/lcedge-");
    try {
      writeFileSync(`${home}/config.capnp`, config);
      await build({
        entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
        outfile: `${home}/worker.js`,
        bundle: true,
        format: "esm",
        platform: "browser",
        target: "es2023",
        logLevel: "error",
      });
      const program = found(`${toolchainDir}/@cloudflare/workerd-linux-64/bin/workerd`);
      const child = spawn(program, ["serve", `${home}/config.capnp`, "--control-fd=3"], {
        stdio: ["ignore", "inherit", "inherit", "pipe"],
      });
      try {
        return new Workerd(home, child, await portOf(child));
      } catch (error) {
        child.kill("SIGKILL");
        throw error;
      }
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs a scenario in the worker and gives what came out. */
  async run(scenario: string, setting: object = {}): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/${scenario}`, {
      method: "POST",
      body: JSON.stringify(setting),
      signal: AbortSignal.timeout(scenarioBudgetMs),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Scenario "${scenario}" failed: ${text}`);
    return JSON.parse(text).result;
  }

  /** Ends it and removes its folder. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** workerd says on its control descriptor where it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`Cannot start workerd: it ended with ${code}`);
  });
  const control = child.stdio[3] as Readable;
  const listening = (async () => {
    for await (const line of createInterface(control)) {
      const message = JSON.parse(line);
      if (message.event === "listen" && message.socket === "http") return message.port as number;
    }
    return await failed;
  })();
  failed.catch(() => {});
  return await Promise.race([listening, failed]);
}
