import type { Client } from "../../../src/client.ts";
import type { EventStream, RuntimeEvent } from "../../../src/events.ts";
import { eventLine } from "./event-line.ts";

interface Waiter {
  readonly isOver: () => boolean;
  readonly done: PromiseWithResolvers<void>;
}

/** How long an event is waited for, in milliseconds; only a hang takes that. */
const BUDGET_MS = 60_000;

/** Reads a subscription to its end and keeps what it brought. */
export class RecordedEvents implements AsyncDisposable {
  readonly #stream: EventStream;
  readonly #all: RuntimeEvent[] = [];
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #over: Promise<void>;
  #isOver = false;

  private constructor(stream: EventStream) {
    this.#stream = stream;
    this.#over = this.#read();
  }

  /** Subscribes, and resolves when the subscription is live. */
  static async open(client: Client): Promise<RecordedEvents> {
    const stream = client.events();
    await stream.ready;
    return new RecordedEvents(stream);
  }

  /** All events so far. */
  get all(): readonly RuntimeEvent[] {
    return this.#all;
  }

  /** All events so far, in short. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The events of one container so far, in short. */
  of(containerId: string): readonly string[] {
    return this.#lines.filter((_, index) => {
      const event = this.#all[index];
      return event !== undefined && "containerId" in event && event.containerId === containerId;
    });
  }

  /** Waits until an event came, given in short, or its beginning. */
  async until(line: string, { times = 1 }: { readonly times?: number } = {}): Promise<void> {
    const isIt = (each: string) => each === line || each.startsWith(`${line} `);
    await this.holds(`"${line}"`, () => this.#lines.filter(isIt).length >= times);
  }

  /** Waits until something holds of what came; `what` is asked for in vain. */
  async holds(what: string | (() => string), isOver: () => boolean): Promise<void> {
    if (isOver()) return;
    if (this.#isOver) throw this.#error(what, "the stream ended");
    const waiter = { isOver, done: Promise.withResolvers<void>() };
    this.#waiters.add(waiter);
    const timer = setTimeout(
      () => waiter.done.reject(this.#error(what, `${BUDGET_MS} ms are over`)),
      BUDGET_MS,
    );
    try {
      await waiter.done.promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  /** Ends the subscription. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
    await this.#over;
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.#stream) {
        this.#all.push(event);
        this.#lines.push(eventLine(event));
        for (const { isOver, done } of this.#waiters) if (isOver()) done.resolve();
      }
    } finally {
      this.#isOver = true;
      for (const { done } of this.#waiters) done.reject(this.#error("more", "the stream ended"));
    }
  }

  #error(what: string | (() => string), why: string): Error {
    const name = typeof what === "function" ? what() : what;
    return new Error(`Waited for ${name}: ${why}, after:\n${this.#lines.join("\n")}`);
  }
}
