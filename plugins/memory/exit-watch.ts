import { Backoff } from "../../src/backoff.ts";
import { backgroundDelay } from "../../src/delay.ts";
import { type ErrorCode, isContainerError } from "../../src/errors.ts";
import type { ProcessRef } from "../../src/event-source.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { Connection } from "./connection.ts";
import type { HostExit } from "./host-process.ts";
import { aboutProcess, Refusal } from "./refusal.ts";

/** Answers that asking again does not mend. */
const FINAL: readonly ErrorCode[] = [
  "invalid_argument",
  "not_found",
  "permission_denied",
  "unauthenticated",
  "unimplemented",
];

/** What an {@linkcode ExitWatch} watches. */
export interface WatchedProcess {
  /** Its ids. */
  readonly ref: ProcessRef;
  /** Its process id, as far as it is known; 0 if it is not. */
  pid(): number;
  /** Completes what the host tells; must not reject. */
  finish(exit: HostExit): Promise<ExitStatus>;
}

/**
 * Finds out how a process ended: by waiting for it, again whenever the connection was lost, or from
 * elsewhere. The first that is told counts.
 */
export class ExitWatch {
  /** How it ended. Never rejects; stays pending when the connection is closed before. */
  readonly exited: Promise<ExitStatus>;
  readonly #connection: Connection;
  readonly #process: WatchedProcess;
  readonly #resolve: (status: ExitStatus | Promise<ExitStatus>) => void;
  #stop: AbortController | undefined;
  #known: HostExit | undefined;
  #isOver = false;

  /** @param process What is watched. */
  constructor(connection: Connection, process: WatchedProcess) {
    this.#connection = connection;
    this.#process = process;
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    this.exited = promise;
    this.#resolve = resolve;
  }

  /** How it ended, as soon as that is known; its output may not be read yet. */
  get known(): HostExit | undefined {
    return this.#known;
  }

  /** Whether it is settled that the process is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes the end from elsewhere. */
  settle(exit: HostExit): void {
    if (this.#isOver) return;
    this.#known = exit;
    this.#end(this.#process.finish(exit));
  }

  /** Gives up on the code: nobody knows it. */
  lose(reason: string): void {
    if (!this.#isOver) this.#end({ state: "lost", reason, noticedAt: new Date() });
  }

  /** Begins to wait. Does not keep the process alive. */
  async start(): Promise<void> {
    const { link } = this.#connection;
    const stop = new AbortController();
    this.#stop = stop;
    const { signal } = stop;
    const forget = link.onClosing(() => stop.abort());
    signal.addEventListener("abort", forget, { once: true });
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        this.settle(await this.#wait(signal));
      } catch (error) {
        if (signal.aborted) return;
        if (isContainerError(error) && FINAL.includes(error.code)) this.lose(error.message);
        else if (link.isLost) await this.#restored(signal);
        else await backgroundDelay(backoff.next(), signal);
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<HostExit> {
    const { link } = this.#connection;
    const { ref } = this.#process;
    const subject = aboutProcess("wait", "wait for", ref);
    const process = await link.call(subject, (daemon) => {
      const found = daemon.process(ref);
      const pid = this.#process.pid();
      if (pid === 0 || found.pid === 0 || pid === found.pid) return found;
      throw new Refusal("not_found", "another process has its id");
    }, { signal });
    if (!process.exit) await link.wait(subject, (go) => process.onEnd(go), { signal });
    if (process.exit && !process.isForgotten) return process.exit;
    throw link.error(subject, "not_found", "it is gone with whoever watched it");
  }

  async #restored(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const forget = this.#connection.link.onRestored(resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    forget();
  }

  #end(status: ExitStatus | Promise<ExitStatus>): void {
    this.#isOver = true;
    this.#stop?.abort();
    this.#resolve(status);
    const { ref } = this.#process;
    const { notes } = this.#connection;
    this.exited.then((told) => {
      const pid = this.#process.pid();
      // One that was never started has no end to tell, and its id may be that of another one by now.
      if (pid === 0) return;
      for (const tell of [...notes]) tell({ ...ref, type: "ended", pid, status: told });
    });
  }
}
