import { ConnectError } from "@connectrpc/connect";
import { isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { Backoff } from "../../src/backoff.ts";
import { backgroundDelay } from "../../src/delay.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./times.ts";

/** What containerd tells of an end. */
export interface Exit {
  /** Exit code. */
  readonly code: number;
  /** When it ended. */
  readonly exitedAt: Date;
}

/** What an {@linkcode ExitWatch} is made with. */
export interface ExitWatchInit {
  /** The process. */
  readonly ref: ProcessRef;
  /** Its process id, as far as it is known. */
  readonly pid: () => number;
  /** Completes what containerd tells; must not reject. */
  readonly finish: (exit: Exit) => Promise<ExitStatus>;
}

/** Answers of a daemon that asking again does not mend. */
const FINAL = new Set([
  "invalid_argument",
  "not_found",
  "permission_denied",
  "unauthenticated",
  "unimplemented",
]);

/**
 * Finds out how a process ended: by Wait, which a new attempt follows whenever it breaks, or from
 * the answer of Delete. The first of them counts.
 */
export class ExitWatch {
  /** How it ended. Never rejects; stays pending when the session is closed before. */
  readonly exited: Promise<ExitStatus>;
  readonly #session: Session;
  readonly #ref: ProcessRef;
  readonly #finish: (exit: Exit) => Promise<ExitStatus>;
  readonly #pid: () => number;
  readonly #resolve: (status: ExitStatus | Promise<ExitStatus>) => void;
  readonly #stop = new AbortController();
  #known: Exit | undefined;
  #over = false;

  /** @param init The process, and what completes what containerd tells; that must not reject. */
  constructor(session: Session, init: ExitWatchInit) {
    this.#session = session;
    this.#ref = init.ref;
    this.#pid = init.pid;
    this.#finish = init.finish;
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    this.exited = promise;
    this.#resolve = resolve;
  }

  /** What containerd told, as soon as it did; the output may not be read yet. */
  get known(): Exit | undefined {
    return this.#known;
  }

  /** Whether it is settled that the process is gone. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Takes the end from elsewhere; counts only if it is not known yet.
   *
   * @param pid Whose end it is, if that is told: of another process that has the id by now, this one
   * is lost.
   */
  settle(exit: Exit, pid = 0): void {
    if (this.#over) return;
    const own = this.#pid();
    if (pid > 0 && own > 0 && pid !== own) return this.lose("another process has its id");
    this.#over = true;
    this.#stop.abort();
    this.#known = exit;
    this.#session.notes.end(this.#ref, this.#pid(), exit);
    this.#resolve(this.#finish(exit));
    this.#session.notes.expect(this.#ref, this.exited);
  }

  /** Begins to wait. Does not keep the process alive. */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    const forget = this.#session.onClosing(() => this.#stop.abort());
    signal.addEventListener("abort", forget, { once: true });
    const backoff = new Backoff();
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const waiting = this.#wait(signal);
        if (attempt > 1 && await this.#isReplaced(waiting, signal)) {
          this.lose("another process has its id");
          return;
        }
        this.settle(await waiting);
      } catch (cause) {
        if (signal.aborted) return;
        const error = this.#session.error(cause, processSubject("wait for", this.#ref));
        if (FINAL.has(error.code) && !isOwn(cause)) {
          this.lose(error.message);
        } else await backgroundDelay(backoff.next(), signal);
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<Exit> {
    const response = await this.#session.tasks.wait(
      execIds(this.#ref),
      this.#session.backgroundOptions(signal),
    );
    return { code: response.exitStatus, exitedAt: dateOf(response.exitedAt) };
  }

  /**
   * Whether it is another process that is waited for now: while there was no connection, somebody
   * may have removed this one and made another of its id. To be asked once it is waited for.
   */
  async #isReplaced(waiting: Promise<Exit>, signal: AbortSignal): Promise<boolean> {
    waiting.catch(() => {}); // it is awaited later
    const pid = this.#pid();
    if (pid === 0) return false;
    try {
      const { process } = await this.#session.tasks.get(
        execIds(this.#ref),
        this.#session.backgroundOptions(signal),
      );
      return process !== undefined && process.pid > 0 && process.pid !== pid;
    } catch (cause) {
      const error = this.#session.error(cause, processSubject("wait for", this.#ref));
      if (FINAL.has(error.code) && !isOwn(cause)) return false; // Wait tells what there is to tell
      throw cause;
    }
  }

  /** Gives up on the code, unless an event told it. Counts only if the end is not known yet. */
  lose(reason: string): void {
    if (this.#over) return;
    // Of a container whose shim was killed only an event tells.
    const observed = this.#session.notes.observed(this.#ref, this.#pid());
    if (observed) return this.settle(observed);
    this.#over = true;
    this.#stop.abort();
    this.#resolve({ state: "lost", reason, noticedAt: new Date() });
  }
}

/**
 * Whether an error was made on this side: then it is about the connection and says nothing of the
 * process. A daemon that starts again has its socket for a moment with the wrong owner, so that
 * connecting to it is denied.
 */
function isOwn(cause: unknown): boolean {
  return isContainerError(cause instanceof ConnectError ? cause.cause : cause);
}
