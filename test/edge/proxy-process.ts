import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { spawnScript } from "../helpers/runtime.ts";
import type { ProxyOptions } from "./proxy.ts";

/** A proxy in a process of its own, on Node, whatever runs the test. */
export class ProxyProcess implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts it and waits until it listens. */
  static async start(options: ProxyOptions): Promise<ProxyProcess> {
    const script = new URL("proxy-main.ts", import.meta.url);
    const child = spawnScript("node24", script, [JSON.stringify(options)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (child.stdout === null) throw new Error("Cannot read the port of the proxy: no output");
    const ended = once(child, "exit").then(() => undefined);
    const lines = createInterface(child.stdout);
    const line = await Promise.race([once(lines, "line"), ended]);
    if (line === undefined) throw new Error("Cannot start the proxy: it ended");
    return new ProxyProcess(child, Number(line[0]));
  }

  /** `baseUrl` of a client. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when that many calls of a method are open behind the proxy. */
  async untilOpen(method: string, count: number): Promise<void> {
    const response = await fetch(`${this.baseUrl}/calls?method=${method}&count=${count}`);
    await response.text();
  }

  /** Ends it at once, with every connection. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
