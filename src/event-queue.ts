/** Options of an {@linkcode EventQueue}. */
export interface EventQueueOptions<T> {
  /** How many unread items are kept. Default: 4096. */
  readonly limit?: number;
  /** Makes the item that stands for so many that were dropped once the limit is reached. */
  readonly gap: (missed: number) => T;
  /** How many an item stands for that is dropped itself. Default: 1 each. */
  readonly weigh?: (item: T) => number;
  /** Called once, when the reader is done. */
  readonly onReturn?: () => void;
}

/**
 * A bounded queue between one writer that never waits and one reader. What does not fit is dropped,
 * and one item made by `gap` stands in its place.
 */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #gap: (missed: number) => T;
  readonly #weigh: (item: T) => number;
  readonly #onReturn: (() => void) | undefined;
  #items: T[] = [];
  #readers: PromiseWithResolvers<IteratorResult<T>>[] = [];
  /** How many were dropped since the last gap. */
  #missed = 0;
  #closed = false;

  /** @param options The limit, and what stands for a loss. */
  constructor(options: EventQueueOptions<T>) {
    this.#limit = options.limit ?? 4096;
    this.#gap = options.gap;
    this.#weigh = options.weigh ?? (() => 1);
    this.#onReturn = options.onReturn;
  }

  /** Adds an item, or drops it if the reader is too far behind. */
  push(item: T): void {
    if (this.#closed) return;
    const reader = this.#readers.shift();
    if (reader) return reader.resolve({ done: false, value: item });
    if (this.#items.length >= this.#limit) {
      this.#missed += this.#weigh(item);
      return;
    }
    this.#markGap();
    this.#items.push(item);
  }

  /** Ends the queue: what was added is still read. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reader of this.#readers) reader.resolve({ done: true, value: undefined });
    this.#readers = [];
    this.#onReturn?.();
  }

  /** The next item, or the end. */
  next(): Promise<IteratorResult<T>> {
    if (this.#items.length === 0) this.#markGap();
    const value = this.#items.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    const reader = Promise.withResolvers<IteratorResult<T>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  /** Ends the queue and drops what was not read. */
  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.#missed = 0;
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #markGap(): void {
    if (this.#missed === 0) return;
    this.#items.push(this.#gap(this.#missed));
    this.#missed = 0;
  }

  /** The queue itself: it has one reader. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As {@linkcode EventQueue.return}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
