import { abortable } from "./abort.ts";
import { withinBudget } from "./budget.ts";
import { INIT_PROCESS } from "./runtime.ts";

/** How long the undoing of a failed or aborted step may take; moby's figure. */
const BUDGET_MS = 45_000;

/** What the cleanups of a container, or of a further process of it, are about. */
export function cleanupSubject(ids: {
  readonly containerId?: string | undefined;
  readonly processId?: string | undefined;
}): string | undefined {
  const { containerId, processId = INIT_PROCESS } = ids;
  return containerId === undefined || processId === INIT_PROCESS
    ? containerId
    : `${containerId}/${processId}`;
}

/** Undoes a step; the signal aborts when its time is over. */
export type CleanupJob = (budget: AbortSignal) => Promise<unknown>;

/** What {@linkcode Cleanups.add} takes. */
export interface CleanupOptions {
  /** The caller's. An aborted caller is not kept waiting: its call rejects and the job goes on. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What the job is about: jobs of one subject run one after the other, in the order in which they
   * were added. Without one a job runs at once.
   */
  readonly subject?: string | undefined;
}

/** Undoes what failed or aborted calls had begun, on a budget of its own. */
export class Cleanups {
  readonly #onError: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();
  readonly #last = new Map<string, Promise<void>>();

  /** @param onError Is told of what could not be undone. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /**
   * Runs a job within 45 s and waits for it. A job that fails is reported and does not reject;
   * only an abort does, with the signal's reason.
   */
  add(job: CleanupJob, { signal, subject }: CleanupOptions = {}): Promise<void> {
    const turn = subject === undefined ? undefined : this.#last.get(subject);
    const run = () => withinBudget(job, BUDGET_MS);
    const running = (turn === undefined ? run() : turn.then(run))
      .then(() => {}, this.#onError)
      .catch(() => {}) // of the handler itself: nobody is left to be told
      .finally(() => {
        this.#running.delete(running);
        if (subject !== undefined && this.#last.get(subject) === running) {
          this.#last.delete(subject);
        }
      });
    this.#running.add(running);
    if (subject !== undefined) this.#last.set(subject, running);
    return abortable(running, signal);
  }

  /** Resolves when every job of a subject, by default every job, has ended. */
  async settled(subject?: string): Promise<void> {
    if (subject !== undefined) {
      while (this.#last.has(subject)) await this.#last.get(subject);
    } else while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
