import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import process from "node:process";
import type { ExitedStatus } from "../../src/mod.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import type { ProcessSpec, ProcessStatus, StdioCallOptions } from "../../src/runtime.ts";
import { hostError } from "./host-error.ts";
import { codeOf } from "./host-signals.ts";
import { HostStdio } from "./host-stdio.ts";

const { SIGCONT, SIGKILL, SIGSTOP } = constants.signals;

/** A process by its id and its container's. */
export interface HostIds {
  readonly containerId: string;
  readonly processId: string;
}

/** One process of this host, from before its start until after its end. */
export class HostChild {
  readonly ids: HostIds;
  readonly streams: HostStdio;
  readonly #spec: ProcessSpec;
  readonly #ended = Promise.withResolvers<ExitedStatus>();
  #child: ChildProcess | undefined;
  #exit: ExitedStatus | undefined;
  #isOver = false;
  #isPaused = false;
  #waiting = 0;

  /** @throws {ContainerError} `unimplemented` for a terminal, `invalid_argument` for bad streams. */
  constructor(ids: HostIds, spec: ProcessSpec, options: StdioCallOptions) {
    if (spec.terminal) {
      const message = `Cannot make process "${ids.processId}": there are no terminals`;
      throw hostError("unimplemented", message, ids);
    }
    this.ids = ids;
    this.#spec = spec;
    this.streams = new HostStdio(options);
  }

  /** Its process id; 0 before it is started. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Its state. */
  get status(): ProcessStatus {
    const { pid } = this;
    if (this.#exit) {
      return { state: "stopped", pid, code: this.#exit.code, exitedAt: this.#exit.exitedAt };
    }
    const started = this.#isPaused ? "paused" : "running";
    return { state: this.#child ? started : "created", pid };
  }

  /** How it ended, once its output is read; holding this keeps no program alive. */
  get ended(): Promise<ExitedStatus> {
    return this.#ended.promise;
  }

  /** Keeps this program alive until the promise is settled, as a wait for a process does. */
  async hold<T>(promise: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#child?.ref();
    try {
      return await promise;
    } finally {
      if (--this.#waiting === 0) this.#child?.unref();
    }
  }

  /** Starts it, in a group of its own, so that what it starts ends with its container. */
  async start(): Promise<void> {
    const { status: { state }, ids } = this;
    if (state !== "created") {
      throw hostError("failed_precondition", `Cannot start "${ids.processId}": ${state}`, ids);
    }
    const { args: [file = "", ...args] = [], cwd, env = [] } = this.#spec;
    const child = spawn(file, args, {
      cwd,
      env: Object.fromEntries(env.map((each) => each.split(/=(.*)/s, 2))),
      stdio: this.streams.forSpawn,
      detached: true,
    });
    this.#child = child;
    child.once("exit", (code, signal) => {
      // As in a container: what its first process has started ends with it.
      if (ids.processId === INIT_PROCESS) this.#signalGroup(SIGKILL);
      this.#end(codeOf(code, signal));
    });
    try {
      await once(child, "spawn");
    } catch (cause) {
      this.#child = undefined;
      const exitCode = (cause as NodeJS.ErrnoException).code === "ENOENT" ? 127 : 126;
      const message = `Cannot start "${file}": ${(cause as Error).message}`;
      throw hostError("invalid_argument", message, { ...ids, cause, exitCode });
    }
    this.streams.connect(child);
    if (this.#waiting === 0) child.unref();
  }

  /** Sends it a signal. */
  signal(signal: number): void {
    const { status: { state }, ids: { processId }, ids, pid } = this;
    const action = `Cannot signal "${processId}"`;
    if (this.#isOver) throw hostError("not_found", `${action}: it has ended`, ids);
    if (state === "created") {
      if (signal === SIGKILL) return void this.#end(128 + SIGKILL);
      throw hostError("failed_precondition", `${action}: it was never started`, ids);
    }
    try {
      process.kill(pid, signal);
    } catch (cause) {
      throw hostError("not_found", `${action}: it has ended`, { ...ids, cause });
    }
  }

  /** Freezes or thaws it and what it started. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#signalGroup(isPaused ? SIGSTOP : SIGCONT);
  }

  /** Ends it and what it started, in whatever state they are. */
  kill(): Promise<ExitedStatus> {
    if (this.#child) this.#signalGroup(SIGKILL);
    else if (!this.#isOver) this.#end(128 + SIGKILL);
    return this.#ended.promise;
  }

  #signalGroup(signal: number): void {
    // Another process may have its id by now.
    if (this.#isOver) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // All of them have ended.
    }
  }

  async #end(code: number): Promise<void> {
    this.#isOver = true;
    const exitedAt = new Date();
    if (!this.#child) this.streams.connect(undefined);
    const { truncated } = await this.streams.drain();
    this.#exit ??= { state: "exited", code, exitedAt, oomKilled: "unknown", truncated };
    this.#ended.resolve(this.#exit);
  }
}
