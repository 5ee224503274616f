import { abortable } from "../../src/abort.ts";
import { ContainerError } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import type { Session, Subject } from "./session.ts";

/** What {@linkcode Patience} takes. */
export interface PatienceOptions {
  /** How long all steps may take together, in milliseconds; longer than 24 days is for ever. */
  readonly budgetMs: number;
  /** The caller's; its abort ends a step with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes steps one after the other, each of which may be stuck for ever, such as calls that a shim
 * does not answer, and gives them a time together.
 */
export class Patience {
  /** How long the steps may take together, in milliseconds. */
  readonly budgetMs: number;
  readonly #session: Session;
  readonly #subject: Subject;
  readonly #caller: AbortSignal | undefined;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins; to be ended with {@linkcode Patience.end}. */
  constructor(session: Session, subject: Subject, { budgetMs, signal }: PatienceOptions) {
    this.budgetMs = budgetMs;
    this.#session = session;
    this.#subject = subject;
    this.#caller = signal;
    this.#signal = signal === undefined
      ? this.#over.signal
      : AbortSignal.any([signal, this.#over.signal]);
    if (budgetMs <= longestDelayMs) this.#timer = setTimeout(() => this.#over.abort(), budgetMs);
  }

  /**
   * Takes a step.
   *
   * @param what What it waits for, for the error.
   * @throws {ContainerError} `deadline_exceeded`, naming it, when the time is over.
   */
  async take<T>(what: string, step: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      this.#signal.throwIfAborted();
      return await abortable(step(this.#signal), this.#signal);
    } catch (error) {
      this.#caller?.throwIfAborted();
      if (!this.#over.signal.aborted) throw error;
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
