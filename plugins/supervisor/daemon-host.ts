import { closeSync, existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { ContainerError } from "../../src/errors.ts";
import type { Environment } from "./binary.ts";
import { type DaemonConfig, daemonConfig } from "./config.ts";
import { DaemonLog } from "./daemon-log.ts";
import { DaemonProcess } from "./daemon-process.ts";
import { endDaemon, killHungDaemon } from "./end-daemon.ts";
import { FolderDaemons } from "./folder-daemons.ts";
import { Health } from "./health.ts";
import type { Home } from "./home.ts";
import type { OwnerLock } from "./owner-lock.ts";
import { pause } from "./pause.ts";
import { readPidFile, writePidFile } from "./pid-file.ts";
import { isAlive, type ProcessIdentity } from "./process-table.ts";
import type { Settings } from "./settings.ts";
import { isListenedOn, listenerOf } from "./socket-owner.ts";
import { keepStackDump } from "./stack-dump.ts";

/** How long a daemon that is replaced may take to stop. */
const REPLACE_BUDGET_MS = 15_000;
/** How long a daemon gets to write its stack traces; moby's figure. */
const DUMP_MS = 100;
const LONGEST_DELAY_MS = 200;
/** How many lines of the log are in an error. */
const ERROR_LINES = 20;

/** What {@linkcode DaemonHost} is made from. */
export interface DaemonHostOptions {
  /** What the user has set. */
  readonly settings: Settings;
  /** Its folders and files. */
  readonly home: Home;
  /** Says whose they are. */
  readonly lock: OwnerLock;
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
  readonly #lock: OwnerLock;
  readonly #settings: Settings;
  readonly #binary: string;
  readonly #env: Environment;
  readonly #config: DaemonConfig;
  readonly #daemons: FolderDaemons;
  #process: DaemonProcess | undefined;
  #version = "";
  #logBeganAt = 0;
  #socketFile: string | undefined;

  /** Touches nothing of the host. */
  constructor({ settings, home, lock, binary, major, env }: DaemonHostOptions) {
    this.home = home;
    this.#lock = lock;
    this.log = new DaemonLog(this.home.logFile, settings.maxLogBytes);
    this.health = new Health(settings.address, settings.healthTimeoutMs);
    this.#settings = settings;
    this.#binary = binary;
    this.#env = env;
    this.#config = daemonConfig(this.home, settings, major);
    this.#daemons = new FolderDaemons(this.home, ["containerd", basename(binary)]);
  }

  /** The process of the daemon, also when it has ended. */
  get process(): DaemonProcess | undefined {
    return this.#process;
  }

  /** Its version, as it last told it. */
  get version(): string {
    return this.#version;
  }

  /** Whether anything of the daemon runs. */
  get isAlive(): boolean {
    return this.#proven().length > 0;
  }

  /** Whether the file of its socket is the one that it has made. */
  get hasSocket(): boolean {
    return this.#socketFile !== undefined && this.#socketFile === fileIdOf(this.home.socket);
  }

  /** @throws {ContainerError} `unavailable` if nobody can connect to it any more. */
  assertSocket(): void {
    if (!this.hasSocket) throw this.#unavailable(`Cannot find socket "${this.home.socket}"`);
  }

  /** The last lines that the daemon has written since it was started, each after a line break. */
  get lastWords(): string {
    return this.log.tail(ERROR_LINES, this.#logBeganAt).map((line) => `\n${line}`).join("");
  }

  /**
   * Takes over the daemon that a former owner has left. One that does not answer, or that runs with
   * another configuration, is ended.
   *
   * @returns Whether there is one now.
   * @throws {ContainerError} `conflict` if somebody else listens on its socket.
   */
  async takeOver(signal: AbortSignal): Promise<boolean> {
    const left = await this.#left(signal);
    if (left === undefined) return false;
    if (this.home.hasConfig(this.#config)) {
      const found = DaemonProcess.found(left);
      try {
        const listens = () => this.#daemons.isListenedOn(left);
        const problem = await this.#problemComingUp(found, listens, signal);
        if (problem === undefined) {
          this.#note(left);
          this.#process = found;
          return true;
        }
      } finally {
        // Until it is this one's, nobody else would.
        if (this.#process !== found) found.forget();
      }
    }
    // Its end would take the socket's file with it, whoever has put that there.
    if (!this.#daemons.isListenedOn(left)) await this.#assertSocketFree();
    await endDaemon(() => this.#daemons.proven(left), REPLACE_BUDGET_MS);
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
    this.#logBeganAt = log.size();
    const fd = log.open();
    try {
      const options = { configFile: home.configFile, env: this.#env, log: fd };
      this.#process = await DaemonProcess.spawn({ binary: this.#binary, ...options });
    } finally {
      closeSync(fd);
    }
    this.#note(this.#process.identity);
    // It makes the socket when it is about to listen.
    const listens = () => existsSync(home.socket);
    const problem = await this.#problemComingUp(this.#process, listens, signal);
    if (problem === undefined) return;
    const other = this.#daemons.unproven(this.#process.identity);
    const hint = other === undefined ? "" : `, process ${other.pid} has the same configuration`;
    throw this.#unavailable(
      `Cannot start containerd "${this.#binary}": ${problem}${hint}${this.lastWords}`,
    );
  }

  /** Ends the daemon in order; `deadline_exceeded` if the kernel does not end it. */
  async end(budgetMs: number): Promise<void> {
    await endDaemon(() => this.#proven(), budgetMs);
  }

  /** Ends a daemon that hangs, and keeps its stack traces; errors as {@linkcode DaemonHost.end}. */
  async killHung(): Promise<void> {
    const known = this.#process?.identity;
    await killHungDaemon(() => this.#proven(), DUMP_MS);
    if (known) keepStackDump(known.pid, this.#env, this.home.stackFile);
  }

  /** Removes what says that a daemon runs, unless one does. */
  async cleanUp(): Promise<void> {
    if (this.#process?.isAlive || !this.#lock.isHeld) return;
    if (!await isListenedOn(this.home.socket)) this.home.removeTraces();
  }

  /** Closes what watches the daemon. */
  async close(): Promise<void> {
    this.#process?.forget();
    await this.health[Symbol.asyncDispose]();
  }

  /**
   * A daemon that a former owner has left: the noted one, or one that listens on the socket. One that
   * was started and not noted gets the time to prove by that whose it is; it is not ended.
   */
  async #left(signal: AbortSignal): Promise<ProcessIdentity | undefined> {
    const noted = readPidFile(this.home.pidFile);
    if (noted && this.#daemons.isDaemon(noted)) return noted;
    const deadline = performance.now() + this.#settings.startBudgetMs;
    let isUnseen = true;
    for (let delayMs = 5;; delayMs = nextDelay(delayMs)) {
      signal.throwIfAborted();
      const found = this.#daemons.listening();
      if (found !== undefined) return found;
      const wasUnseen = isUnseen;
      isUnseen = this.#daemons.unproven() === undefined;
      // One that was seen may have begun to listen between the two looks.
      if ((isUnseen && wasUnseen) || performance.now() >= deadline) return undefined;
      await pause(delayMs, signal);
    }
  }

  #proven(): readonly ProcessIdentity[] {
    const known = this.#process?.identity;
    if (this.#lock.isHeld) return this.#daemons.proven(known);
    // Who listens there may be the daemon of the folder's next owner.
    return known !== undefined && isAlive(known) ? [known] : [];
  }

  /** Notes which process it is, if that is not noted: a full disk is no reason to lose a daemon. */
  #note(daemon: ProcessIdentity): void {
    const { pidFile } = this.home;
    const { pid, startTicks, bootId } = daemon;
    const noted = readPidFile(pidFile);
    if (noted?.pid === pid && noted.startTicks === startTicks && noted.bootId === bootId) return;
    writePidFile(pidFile, daemon);
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
            this.#socketFile = fileIdOf(this.home.socket);
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

function fileIdOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
