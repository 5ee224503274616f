import process from "node:process";
import { abortable } from "../../src/abort.ts";
import { checkNames, checkOptions } from "../../src/check-options.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { holding } from "../grpc/hold.ts";
import { numberOption } from "../rpc/number-option.ts";
import { type Environment, findBinary, majorVersion } from "./binary.ts";
import { DaemonHost } from "./daemon-host.ts";
import { fileError } from "./file-error.ts";
import { FolderHold } from "./folder-hold.ts";
import { untilUnhealthy } from "./health-watch.ts";
import type { StopOptions, SupervisedDaemon, SupervisorState } from "./mod.ts";
import { Home } from "./home.ts";
import { OwnerLock } from "./owner-lock.ts";
import { pause } from "./pause.ts";
import { RestartDelay } from "./restart-delay.ts";
import type { Settings } from "./settings.ts";

/** How long a daemon that did not come up may take to stop. */
const FAILED_START_BUDGET_MS = 1000;
/** How long the program may take to tell its version where its start may not take as long. */
const LEAST_VERSION_BUDGET_MS = 5000;

/** Starts or takes over a daemon and watches it; errors as for {@linkcode supervise}. */
export async function startSupervisor(
  settings: Settings,
  { signal }: CallOptions,
): Promise<SupervisedDaemon> {
  if (process.platform !== "linux") {
    throw new ContainerError(
      "unimplemented",
      `Cannot supervise containerd on platform "${process.platform}": only on linux`,
      { plugin: "supervisor" },
    );
  }
  return await holding("foreground", Supervisor.start(settings, signal));
}

/** Watches the daemon of a folder that it owns. */
class Supervisor implements SupervisedDaemon {
  readonly address: string;
  readonly ended: Promise<void>;
  readonly #settings: Settings;
  readonly #host: DaemonHost;
  readonly #lock: OwnerLock;
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #delay = new RestartDelay();
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  #state: SupervisorState = "starting";
  #failure: ContainerError | undefined;
  #takenOver = false;
  #watching: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  readonly #hold: FolderHold;

  private constructor(settings: Settings, host: DaemonHost, lock: OwnerLock) {
    this.address = settings.address;
    this.#settings = settings;
    this.#host = host;
    this.#lock = lock;
    this.#hold = new FolderHold({
      lock,
      isAlive: () => host.isAlive,
      isEnding: () => this.#ending !== undefined,
    });
    this.ended = this.#ended.promise;
    // Who does not ask is not told by an uncaught error.
    this.ended.catch(() => {});
  }

  static async start(settings: Settings, signal?: AbortSignal): Promise<Supervisor> {
    const env = environment(settings);
    const binary = findBinary(settings.binary, env);
    const major = await majorVersion(binary, env, {
      budgetMs: Math.max(settings.startBudgetMs, LEAST_VERSION_BUDGET_MS),
      signal,
    });
    const home = new Home(settings);
    home.make();
    const lock = OwnerLock.acquire(settings.directory);
    const host = new DaemonHost({ settings, home, lock, binary, major, env });
    const supervisor = new Supervisor(settings, host, lock);
    await supervisor.#begin(signal ?? supervisor.#over.signal);
    supervisor.#watching = supervisor.#watch();
    return supervisor;
  }

  get pid(): number | undefined {
    const { process } = this.#host;
    return process?.isAlive ? process.identity.pid : undefined;
  }

  get version(): string {
    return this.#host.version;
  }

  get state(): SupervisorState {
    return this.#state;
  }

  get takenOver(): boolean {
    return this.#takenOver;
  }

  get logFile(): string {
    return this.#host.log.path;
  }

  logTail(lines: number = 20): readonly string[] {
    const most = { fallback: 20, most: Number.MAX_SAFE_INTEGER };
    return this.#host.log.tail(numberOption({ lines }, "lines", most));
  }

  async ready(options: CallOptions = {}): Promise<void> {
    checkOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const waiter = Promise.withResolvers<void>();
    this.#waiting.add(waiter);
    this.#tellWaiting();
    try {
      await holding("foreground", abortable(waiter.promise, signal));
    } finally {
      this.#waiting.delete(waiter);
    }
  }

  async stop(options: StopOptions = {}): Promise<void> {
    checkNames(options, "budgetMs");
    const budgetMs = numberOption(options, "budgetMs", {
      fallback: 15_000,
      least: 0,
      most: longestDelayMs,
    });
    await this.#end("stopped", () => this.#host.end(budgetMs));
  }

  async detach(): Promise<void> {
    await this.#end("detached", () => Promise.resolve());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #begin(signal: AbortSignal): Promise<void> {
    this.#enter("starting");
    try {
      this.#takenOver = await this.#host.takeOver(signal);
      if (!this.#takenOver) await this.#host.launch(signal);
      signal.throwIfAborted();
      this.#enter("running");
    } catch (error) {
      try {
        // What was taken over is not this call's to end.
        if (!this.#takenOver) await this.#endFailedStart();
        this.#hold.release();
      } catch {
        this.#hold.releaseWhenGone(); // the failure before it is the one that counts
      }
      await this.#host.close().catch(() => {});
      throw error;
    }
  }

  async #watch(): Promise<void> {
    try {
      for (;;) {
        const problem = await this.#untilProblem();
        if (problem === undefined || !await this.#restart(problem)) return;
      }
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Watches a daemon that runs; nothing is wrong when supervising has ended. */
  async #untilProblem(): Promise<ContainerError | undefined> {
    const { healthIntervalMs: intervalMs, healthMisses: misses } = this.#settings;
    const { process, health, log } = this.#host;
    const over = this.#over.signal;
    if (process === undefined) return this.#problem("no process");
    const check = async () => {
      log.trim();
      this.#host.assertSocket();
      await health.check(over);
    };
    await untilUnhealthy({ check, intervalMs, misses, signals: [over, process.gone] });
    if (over.aborted) return undefined;
    const { pid } = process.identity;
    if (!process.isAlive) return this.#problem(`process ${pid} ${process.how}`);
    return this.#host.hasSocket
      ? this.#problem(`process ${pid} gives no answer to ${misses} health checks`)
      : this.#problem(`somebody has removed or replaced the socket of process ${pid}`);
  }

  /** Starts the daemon again; whether it runs. */
  async #restart(problem: ContainerError): Promise<boolean> {
    const over = this.#over.signal;
    this.#delay.ended();
    if (this.#isLastRestart()) {
      await this.#host.killHung();
      await this.#host.cleanUp();
      await this.#fail(problem);
      return false;
    }
    this.#enter("restarting", problem);
    await this.#host.killHung();
    for (;;) {
      await pause(this.#delay.next(), over);
      try {
        over.throwIfAborted();
        if (!this.#lock.isHeld) throw this.#problem("somebody has removed the note of its owner");
        await this.#host.launch(over);
        this.#delay.began();
        this.#enter("running");
        return true;
      } catch (error) {
        if (over.aborted) return false;
        await this.#endFailedStart();
        if (this.#lock.isHeld && !this.#isLastRestart()) continue;
        await this.#fail(error);
        return false;
      }
    }
  }

  #isLastRestart(): boolean {
    return this.#delay.restarts >= this.#settings.maxRestarts;
  }

  async #endFailedStart(): Promise<void> {
    if (this.#host.process === undefined) return;
    await this.#host.end(FAILED_START_BUDGET_MS);
    await this.#host.cleanUp();
  }

  /** Gives the daemon up. */
  async #fail(error: unknown): Promise<void> {
    await this.#host.close().catch(() => {}); // the failure before it is the one that counts
    const { restarts } = this.#delay;
    const when = this.#isLastRestart() ? ` after ${restarts} failed restarts` : "";
    const state = isContainerError(error) ? error.message : String(error);
    const lines = this.#host.lastWords;
    this.#endWith(
      new ContainerError(
        "unavailable",
        `Cannot keep containerd "${this.address}" running: given up${when}: ${state}` +
          (state.endsWith(lines) ? "" : lines),
        { plugin: "supervisor", cause: error },
      ),
    );
  }

  #endWith(failure: ContainerError): void {
    this.#hold.releaseWhenGone();
    if (this.#state === "failed") return;
    this.#failure = failure;
    this.#enter("failed", failure);
    this.#ended.reject(failure);
  }

  /** Ends supervising, once; how is decided by the first who asks. What fails may be tried again. */
  async #end(state: "stopped" | "detached", act: () => Promise<void>): Promise<void> {
    this.#ending ??= this.#endNow(state, act);
    await holding("foreground", this.#ending);
  }

  async #endNow(state: "stopped" | "detached", act: () => Promise<void>): Promise<void> {
    this.#over.abort();
    await this.#watching;
    if (!this.#hold.isHeld) return;
    try {
      await this.#host.close();
      await act();
      await this.#host.cleanUp();
    } catch (error) {
      const failure = fileError(`Cannot stop containerd "${this.address}"`, error);
      this.#ending = undefined;
      this.#endWith(failure);
      throw failure;
    }
    this.#hold.release();
    if (this.#state === "failed") return;
    this.#enter(state);
    this.#ended.resolve();
  }

  #problem(state: string): ContainerError {
    return new ContainerError("unavailable", `Lost containerd "${this.address}": ${state}`, {
      plugin: "supervisor",
    });
  }

  #enter(state: SupervisorState, reason?: ContainerError): void {
    this.#state = state;
    this.#tellWaiting();
    // Also what it rejects with: nobody is left to be told, and the daemon is to be watched all the
    // same.
    const tell = () => this.#settings.onState?.({ state, pid: this.pid, reason });
    new Promise<unknown>((resolve) => resolve(tell())).catch(() => {});
  }

  #tellWaiting(): void {
    if (this.#state === "starting" || this.#state === "restarting") return;
    // It has ended, which is about to be noticed.
    if (this.#state === "running" && this.pid === undefined) return;
    for (const { resolve, reject } of this.#waiting) {
      if (this.#state === "running") resolve();
      else reject(this.#failure ?? this.#problem(this.#state));
    }
  }
}

/** That of this process and of the user. */
function environment(settings: Settings): Environment {
  const env: Record<string, string | undefined> = { ...process.env, ...settings.env };
  // The service manager's socket is for this process: it would take the daemon's word for its own.
  delete env["NOTIFY_SOCKET"];
  return env;
}
