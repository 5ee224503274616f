import { closeSync, existsSync } from "node:fs";
import { basename } from "node:path";
import { ContainerError } from "../../src/errors.ts";
import type { Environment } from "./binary.ts";
import { type DaemonConfig, daemonConfig } from "./config.ts";
import { DaemonLog } from "./daemon-log.ts";
import { DaemonProcess } from "./daemon-process.ts";
import { type DaemonProcesses, endDaemon, killHungDaemon } from "./end-daemon.ts";
import { Health } from "./health.ts";
import { Home } from "./home.ts";
import { pause } from "./pause.ts";
import { readPidFile, writePidFile } from "./pid-file.ts";
import { findDaemons, isAlive, isDaemon, type ProcessIdentity } from "./process-table.ts";
import type { Settings } from "./settings.ts";
import { isListenedOn, isListenedOnBy, listenerOf } from "./socket-owner.ts";
import { keepStackDump } from "./stack-dump.ts";

/** How long a daemon that is replaced may take to stop. */
const REPLACE_BUDGET_MS = 15_000;
const LONGEST_DELAY_MS = 200;
/** How many lines of the log are in an error. */
const ERROR_LINES = 20;

/** What {@linkcode DaemonHost} is made from. */
export interface DaemonHostOptions {
  /** What the user has set. */
  readonly settings: Settings;
  /** Path of the program. */
  readonly binary: string;
  /** Major version of the program. */
  readonly major: number;
  /** Environment of the daemon. */
  readonly env: Environment;
}

/** Starts, finds and ends the daemon of one folder; to be used by the owner of the folder alone. */
export class DaemonHost {
  /** Its folders and files. */
  readonly home: Home;
  /** What it writes. */
  readonly log: DaemonLog;
  /** Asks it for signs of life. */
  readonly health: Health;
  readonly #settings: Settings;
  readonly #binary: string;
  readonly #env: Environment;
  readonly #config: DaemonConfig;
  readonly #programs: readonly string[];
  #process: DaemonProcess | undefined;
  #version = "";

  /** Touches nothing of the host. */
  constructor({ settings, binary, major, env }: DaemonHostOptions) {
    this.home = new Home(settings);
    this.log = new DaemonLog(this.home.logFile, settings.maxLogBytes);
    this.health = new Health(settings.address, settings.healthTimeoutMs);
    this.#settings = settings;
    this.#binary = binary;
    this.#env = env;
    this.#config = daemonConfig(this.home, settings, major);
    this.#programs = ["containerd", basename(binary)];
  }

  /** The process of the daemon, also when it has ended. */
  get process(): DaemonProcess | undefined {
    return this.#process;
  }

  /** Its version, as it last told it. */
  get version(): string {
    return this.#version;
  }

  /**
   * Takes over the daemon that a former owner has left. One that does not answer, or that runs with
   * another configuration, is ended.
   *
   * @returns Whether there is one now.
   * @throws {ContainerError} `conflict` if somebody else listens on its socket.
   */
  async takeOver(signal: AbortSignal): Promise<boolean> {
    const left = this.#left();
    if (left === undefined) return false;
    if (this.home.hasConfig(this.#config)) {
      const found = DaemonProcess.found(left);
      let problem: string | undefined;
      try {
        problem = await this.#problemComingUp(found, () => this.#listens(left), signal);
      } finally {
        if (problem !== undefined || signal.aborted) found.forget();
      }
      if (problem === undefined) {
        this.#process = found;
        writePidFile(this.home.pidFile, left);
        return true;
      }
    }
    // Its end would take the socket's file with it, whoever has put that there.
    if (!this.#listens(left)) await this.#assertSocketFree();
    await endDaemon(this.#processes(left), REPLACE_BUDGET_MS);
    return false;
  }

  /**
   * Starts the daemon and waits until it answers.
   *
   * @throws {ContainerError} `conflict` if somebody listens on its socket, `unavailable` with the
   * end of the log if it does not come up; an abort rejects with its reason. Then the process may
   * be there: {@linkcode DaemonHost.end} ends it.
   */
  async launch(signal: AbortSignal): Promise<void> {
    const { home, log } = this;
    await this.#assertSocketFree();
    signal.throwIfAborted();
    home.removeTraces();
    home.writeConfig(this.#config);
    log.trim();
    const from = log.size();
    const fd = log.open();
    try {
      this.#process = await DaemonProcess.spawn({
        binary: this.#binary,
        configFile: home.configFile,
        env: this.#env,
        log: fd,
      });
    } finally {
      closeSync(fd);
    }
    writePidFile(home.pidFile, this.#process.identity);
    // It makes the socket when it is about to listen.
    const listens = () => existsSync(home.socket);
    const problem = await this.#problemComingUp(this.#process, listens, signal);
    if (problem === undefined) return;
    const lines = log.tail(ERROR_LINES, from).map((line) => `\n${line}`).join("");
    throw this.#unavailable(`Cannot start containerd "${this.#binary}": ${problem}${lines}`);
  }

  /** Ends the daemon in order; `deadline_exceeded` if the kernel does not end it. */
  async end(budgetMs: number): Promise<void> {
    await endDaemon(this.#processes(this.#process?.identity), budgetMs);
  }

  /** Ends a daemon that hangs, and keeps its stack traces; errors as {@linkcode DaemonHost.end}. */
  async killHung(): Promise<void> {
    const known = this.#process?.identity;
    await killHungDaemon(this.#processes(known));
    if (known) keepStackDump(known.pid, this.#env, this.home.stackFile);
  }

  /** Removes what says that a daemon runs, unless one does. */
  async cleanUp(): Promise<void> {
    if (this.#process?.isAlive) return;
    if (!await isListenedOn(this.home.socket)) this.home.removeTraces();
  }

  /** Closes what watches the daemon. */
  async close(): Promise<void> {
    this.#process?.forget();
    await this.health[Symbol.asyncDispose]();
  }

  /** A daemon that a former owner has left: the noted one, or one whose owner died before noting it. */
  #left(): ProcessIdentity | undefined {
    const { configFile, pidFile } = this.home;
    const noted = readPidFile(pidFile);
    if (noted && isAlive(noted) && isDaemon(noted.pid, configFile, this.#programs)) return noted;
    const found = findDaemons(configFile, this.#programs);
    return found.find((each) => this.#listens(each)) ?? found[0];
  }

  /** Whether a daemon listens on the socket, itself or, where it is a script, what it has started. */
  #listens({ pid }: ProcessIdentity): boolean {
    const { socket, configFile } = this.home;
    if (isListenedOnBy(socket, [pid])) return true;
    const all = findDaemons(configFile, this.#programs).map((each) => each.pid);
    return isListenedOnBy(socket, all);
  }

  #processes(known: ProcessIdentity | undefined): DaemonProcesses {
    return { known, configFile: this.home.configFile, programs: this.#programs };
  }

  async #assertSocketFree(): Promise<void> {
    const { socket } = this.home;
    if (!await isListenedOn(socket)) return;
    const pid = listenerOf(socket);
    const who = pid === undefined ? "another process" : `process ${pid}`;
    throw new ContainerError(
      "conflict",
      `Cannot start containerd on socket "${socket}": ${who} listens there`,
      { plugin: "supervisor" },
    );
  }

  /** Waits until a daemon answers; gives what is wrong if it does not. */
  async #problemComingUp(
    daemon: DaemonProcess,
    listens: () => boolean,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { startBudgetMs } = this.#settings;
    const budget = new AbortController();
    const over = pause(startBudgetMs, signal, daemon.gone, budget.signal).then(() =>
      budget.abort()
    );
    let last = "";
    try {
      for (let delayMs = 5; !budget.signal.aborted; delayMs = nextDelay(delayMs)) {
        try {
          if (listens()) {
            this.#version = await this.health.version(budget.signal);
            return undefined;
          }
        } catch (error) {
          if (!budget.signal.aborted) last = `, last: ${messageOf(error)}`;
        }
        await pause(delayMs, budget.signal);
      }
      await over;
      signal.throwIfAborted();
      if (!daemon.isAlive) return daemon.how;
      return `no answer within ${startBudgetMs} ms${last}`;
    } finally {
      budget.abort();
    }
  }

  #unavailable(message: string): ContainerError {
    return new ContainerError("unavailable", message, { plugin: "supervisor" });
  }
}

function nextDelay(delayMs: number): number {
  return Math.min(delayMs * 1.5, LONGEST_DELAY_MS);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
