import type { EventStream } from "../../../src/events.ts";
import { withinTime } from "../../../plugins/testing/time-limit.ts";

/** What is told of a container whose process runs to its end and that is deleted then. */
const LIFE = ["create", "start", "exit", "delete"];

/** How long events may take that are still to come, in milliseconds. */
const BUDGET_MS = 60_000;

/** What {@linkcode LifeCount} takes. */
export interface LifeCountOptions {
  /** How many containers there will be. */
  readonly count: number;
  /** The number of a container, from 0 on; anything else for one that is not of these. */
  readonly indexOf: (containerId: string) => number;
  /** The code that a container's process ends with. */
  readonly codeOf: (index: number) => number;
}

/**
 * Reads a stream throughout and counts the containers whose whole life it tells: each event once,
 * in order. What it holds does not grow with what it reads, unless something is wrong.
 */
export class LifeCount {
  /** What is wrong with the events. */
  readonly wrong: string[] = [];
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  readonly #options: LifeCountOptions;
  readonly #told: Uint8Array;
  #events = 0;
  #reconciled = 0;
  #whole = 0;
  #wanted: { readonly count: number; readonly done: PromiseWithResolvers<void> } | undefined;

  /** Begins to read. */
  constructor(stream: EventStream, options: LifeCountOptions) {
    this.#options = options;
    this.#told = new Uint8Array(options.count);
    this.ended = this.#read(stream);
  }

  /** How many events were read. */
  get events(): number {
    return this.#events;
  }

  /** How many of them the daemon did not tell: they were asked for. */
  get reconciled(): number {
    return this.#reconciled;
  }

  /** Waits until this many containers were told of to their ends. */
  async until(count: number): Promise<void> {
    if (this.#whole >= count) return;
    const done = Promise.withResolvers<void>();
    this.#wanted = { count, done };
    await withinTime(done.promise, {
      budgetMs: BUDGET_MS,
      message: () => `${this.#whole} of ${count} containers were told of: ${this.wrong.join(", ")}`,
    });
  }

  async #read(stream: EventStream): Promise<void> {
    for await (const event of stream) {
      this.#events++;
      const id = "containerId" in event ? event.containerId : "";
      const index = this.#options.indexOf(id);
      const told = this.#told[index];
      if ("source" in event && event.source !== "observed") this.#reconciled++;
      const isNext = told !== undefined && event.type === LIFE[told];
      if (!isNext) this.wrong.push(`${event.type} ${id} after ${LIFE.slice(0, told).join(", ")}`);
      if (told === undefined) continue;
      if (isNext) this.#told[index] = told + 1;
      if (event.type === "exit") {
        const { status } = event;
        const end = status.state === "exited" ? status.code : status.reason;
        if (end !== this.#options.codeOf(index)) {
          this.wrong.push(
            `${id} ended with ${end}, ${event.source} at ${event.timestamp.toISOString()}`,
          );
        }
      }
      if (isNext && event.type === "delete" && ++this.#whole === this.#wanted?.count) {
        this.#wanted.done.resolve();
      }
    }
  }
}
