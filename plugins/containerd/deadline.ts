import { abortable } from "../../src/abort.ts";
import { ContainerError } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type { Session, Subject } from "./session.ts";

/**
 * The time that steps have together, each of which may be stuck for ever, such as calls that a shim
 * does not answer.
 */
export class Deadline {
  /** How long the steps may take together, in milliseconds. */
  readonly budgetMs: number;
  readonly #session: Session;
  readonly #subject: Subject;
  readonly #over = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins; to be ended with {@linkcode Deadline.end}.
   *
   * @param subject What the steps are for, for the error.
   * @param budgetMs How long they may take together, in milliseconds; more than a timer has, about
   * 24.8 days, is for ever.
   */
  constructor(session: Session, subject: Subject, budgetMs: number) {
    this.budgetMs = budgetMs;
    this.#session = session;
    this.#subject = subject;
    if (budgetMs <= longestDelayMs) this.#timer = setTimeout(() => this.#over.abort(), budgetMs);
  }

  /**
   * Takes a step.
   *
   * @param what What it waits for, for the error.
   * @param options The signal is the caller's; its abort ends the step with its reason.
   * @throws {ContainerError} `deadline_exceeded`, naming it, when the time is over.
   */
  async take<T>(
    what: string,
    step: (signal: AbortSignal) => Promise<T>,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const over = this.#over.signal;
    const cut = signal === undefined ? over : AbortSignal.any([signal, over]);
    try {
      cut.throwIfAborted();
      return await abortable(step(cut), cut);
    } catch (error) {
      signal?.throwIfAborted();
      if (!over.aborted) throw error;
      throw this.stuck(`no answer within ${this.budgetMs} ms to ${what}`, error);
    }
  }

  /** The error that says what is stuck. */
  stuck(state: string, cause?: unknown): ContainerError {
    const { action, ...ids } = this.#subject;
    return new ContainerError("deadline_exceeded", `${action}: ${state}`, {
      ...ids,
      plugin: this.#session.options.id,
      cause,
    });
  }

  /** Ends it: no time runs any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
