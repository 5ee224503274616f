import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { promisify } from "node:util";
import { containerdDir, containerdVersion, criuDir, found, runcDir } from "./cache.ts";
import { daemonConfig } from "./daemon-config.ts";
import {
  makeHome,
  namespaceOf,
  removeHomeSync,
  socketOf,
  sweepAbandonedHomes,
} from "./daemon-home.ts";
import { argumentsOf, findByArguments } from "./processes.ts";

/** What {@linkcode startDaemon} takes. */
export interface DaemonOptions {
  /** Major and minor version; default: `LIBCONTAINERD_TEST_CONTAINERD`, else 2.1. */
  readonly version?: string;
  /** TOML that is appended to the configuration. */
  readonly config?: string;
  /** Folder of containerd, its shims and ctr, instead of the one of `version`. */
  readonly binDir?: string;
  /** Folder that is searched first for `runc`, for instance of `wrapRunc()`. */
  readonly runcDir?: string;
  /** Environment of the daemon, and so of its shims and of runc, beside that of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const startBudgetMs = 60_000;

/**
 * A real containerd of its own, in folders of its own.
 *
 * runc keeps its records and cgroups by namespace and container id for the whole machine. So use
 * {@linkcode Daemon.namespace}, which no other daemon has, or ids that no other test has.
 */
export class Daemon implements AsyncDisposable {
  /** Folder of everything it has. */
  readonly home: string;
  /** Path of its socket; `unix://` and this is its address. */
  readonly socket: string;
  /** Address of its socket, as a URL. */
  readonly address: string;
  /** A namespace that only this daemon uses. */
  readonly namespace: string;
  /** Major and minor version. */
  readonly version: string;
  /** Folder of containerd, its shims and ctr. */
  readonly binDir: string;
  /** What its PATH is; a shim that is started beside it should have the same. */
  readonly path: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #stopped: Promise<void> | undefined;
  #ended: string | undefined;

  constructor(home: string, options: DaemonOptions) {
    this.home = home;
    this.socket = socketOf(home);
    this.address = `unix://${this.socket}`;
    this.namespace = namespaceOf(home);
    this.version = options.version ?? containerdVersion;
    this.binDir = options.binDir ?? containerdDir(this.version);
    const folders = [this.binDir, found(runcDir), criuDir, process.env["PATH"] ?? ""];
    this.path = [...(options.runcDir === undefined ? [] : [options.runcDir]), ...folders].join(":");
    this.#env = options.env ?? {};
    writeFileSync(`${home}/config.toml`, daemonConfig(this.version, home, options.config ?? ""));
  }

  /** Process id of the daemon; throws while it does not run. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`Cannot tell the pid of containerd: it does not run`);
    return pid;
  }

  /** How the daemon ended by itself, for instance `ended with 1`; undefined if it did not. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Starts the daemon, again after {@linkcode kill}, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error("Cannot start containerd: it runs");
    const log = openSync(`${this.home}/log`, "a");
    const args = ["--config", `${this.home}/config.toml`];
    const child = spawn(`${this.binDir}/containerd`, args, {
      stdio: ["ignore", log, log],
      // containerd unpacks checkpoints there and leaves them behind.
      env: { ...process.env, XDG_RUNTIME_DIR: this.home, ...this.#env, PATH: this.path },
      // Not in the terminal's group: Ctrl-C is for the tests, which then end it in order.
      detached: true,
    });
    closeSync(log);
    // A test that forgets to stop it must not hang; the exit handler ends it then.
    child.unref();
    let ended: string | undefined;
    child.on("error", (error) => ended = error.message);
    child.on("exit", (code, signal) => {
      ended = `ended with ${signal ?? code}`;
      if (this.#child === child) {
        this.#child = undefined;
        this.#ended = ended;
      }
    });
    this.#child = child;
    this.#ended = undefined;
    const deadline = Date.now() + startBudgetMs;
    while (!await this.#answers()) {
      const problem = ended ?? (Date.now() > deadline ? `no answer in ${startBudgetMs} ms` : "");
      if (problem !== "") {
        throw new Error(`Cannot start containerd "${this.version}": ${problem}\n${this.logTail()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.ctr("version");
  }

  /** Sends a signal and does not wait, for instance `SIGSTOP` and `SIGCONT`. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Ends the daemon and waits until it is gone; its shims and containers run on. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    const exited = once(child, "exit");
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    this.#child = undefined;
    this.#ended = undefined;
  }

  /** Ends the daemon and starts it on the same folders and socket. */
  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  /** Ends the daemon with everything that it started, and removes its folders. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** As {@linkcode stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Runs ctr in {@linkcode namespace} and gives its output. */
  async ctr(...args: readonly string[]): Promise<string> {
    const all = ["--address", this.socket, "--namespace", this.namespace, ...args];
    const env = { ...process.env, PATH: this.path };
    const { stdout } = await promisify(execFile)(`${this.binDir}/ctr`, all, { env });
    return stdout;
  }

  /** Process ids of its shims, or of that of one container. */
  shimPids(containerId?: string): readonly number[] {
    const pids = findByArguments("-address", this.socket);
    return containerId === undefined
      ? pids
      : pids.filter((pid) => argumentsOf(pid).includes(containerId));
  }

  /** The last lines of its log. */
  logTail(lines = 40): string {
    return readFileSync(`${this.home}/log`, "utf8").split("\n").slice(-lines).join("\n");
  }

  /** Copies its log to a file that stays. */
  copyLog(file: string): void {
    copyFileSync(`${this.home}/log`, file);
  }

  async #stop(): Promise<void> {
    await this.kill();
    running.delete(this.home);
    removeHomeSync(this.home);
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.socket);
      socket.on("connect", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
  }
}

const running = new Set<string>();
let isPrepared = false;

// Nothing may stay behind when a test process ends without stopping its daemons; what a killed one
// leaves is swept up by the next.
function prepareOnce(): void {
  if (isPrepared) return;
  isPrepared = true;
  process.on("exit", () => {
    for (const home of running) removeHomeSync(home);
  });
  sweepAbandonedHomes();
}

/** Starts a real containerd and waits until it answers; end it with {@linkcode Daemon.stop}. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  prepareOnce();
  const home = makeHome();
  running.add(home);
  try {
    const daemon = new Daemon(home, options);
    await daemon.start();
    return daemon;
  } catch (error) {
    running.delete(home);
    removeHomeSync(home);
    throw error;
  }
}
