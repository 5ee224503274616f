import { abortable } from "./abort.ts";
import { Backoff } from "./backoff.ts";
import { backgroundDelay, foregroundDelay } from "./delay.ts";
import { ContainerError } from "./errors.ts";
import type { EventQueue } from "./event-queue.ts";
import type { ContainerEvent, EventStream, RuntimeEvent } from "./events.ts";
import { eventQueue, queuedEvents } from "./queued-events.ts";
import type { CallOptions, Runtime } from "./runtime.ts";
import { SerialQueue } from "./serial-queue.ts";

/** Is told of the events of every container, one at a time and in order for each container. */
export interface Backend {
  /**
   * Handles one event. An error is reported to `onError` of the client and stops nothing. Of a
   * container whose handler is more than 4096 events behind, what comes is dropped until it has
   * caught up, and `onError` is told `resource_exhausted`.
   *
   * @param containerId The container it is about.
   * @param type What happened.
   * @param info The whole event.
   */
  processEvent(
    containerId: string,
    type: ContainerEvent["type"],
    info: ContainerEvent,
  ): void | Promise<void>;
}

/** How long the end waits for handlers, in milliseconds. */
const HANDLER_BUDGET_MS = 2000;

/** Joins the event streams of the runtimes of one client. */
export class EventHub implements AsyncDisposable {
  readonly #backend: Backend | undefined;
  readonly #serial: SerialQueue;
  readonly #onError: (error: unknown) => void;
  readonly #handlerBudgetMs: number;
  readonly #sources = new Map<Runtime, EventStream>();
  readonly #queues = new Set<EventQueue<RuntimeEvent>>();
  readonly #stop = new AbortController();
  /** The containers whose handler loses events. */
  readonly #behind = new Set<string>();

  /**
   * @param onError Is told of failed handlers and of a subscription that ended with an error.
   * @param handlerBudgetMs How long the end waits for handlers, in milliseconds.
   */
  constructor(
    backend: Backend | undefined,
    onError: (error: unknown) => void,
    handlerBudgetMs: number = HANDLER_BUDGET_MS,
  ) {
    this.#backend = backend;
    this.#onError = onError;
    this.#handlerBudgetMs = handlerBudgetMs;
    this.#serial = new SerialQueue(onError);
  }

  /** Takes in a runtime that was opened; subscribes at once if somebody listens. */
  async add(runtime: Runtime): Promise<void> {
    if (this.#backend || this.#queues.size > 0) await this.#subscribe(runtime);
  }

  /** A stream of the events of all runtimes, which `runtimes` gives or opens. */
  stream(runtimes: () => Promise<readonly Runtime[]>, options: CallOptions): EventStream {
    const { signal } = options;
    const close = () => queue.close();
    const queue: EventQueue<RuntimeEvent> = eventQueue(() => {
      signal?.removeEventListener("abort", close);
      this.#queues.delete(queue);
      this.#closeUnused();
    });
    this.#queues.add(queue);
    signal?.addEventListener("abort", close, { once: true });
    const connect = async () => {
      signal?.throwIfAborted();
      for (const runtime of await abortable(runtimes(), signal)) {
        // Whoever has stopped reading in the meantime must not leave a subscription open.
        if (!this.#queues.has(queue)) return;
        await abortable(this.#subscribe(runtime), signal);
      }
    };
    const ready = connect();
    ready.catch(close);
    return queuedEvents(queue, { live: ready, signal });
  }

  /**
   * Ends all streams and waits for the handlers that run; not without end, for one of them may
   * itself wait for this.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const queue of [...this.#queues]) queue.close();
    const sources = [...this.#sources.values()];
    this.#sources.clear();
    await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#handlerBudgetMs);
    await Promise.race([this.#serial.idle(), promise]);
    clearTimeout(timer);
  }

  async #subscribe(runtime: Runtime): Promise<void> {
    let source = this.#sources.get(runtime);
    if (!source) {
      source = runtime.events();
      this.#sources.set(runtime, source);
      this.#pump(runtime, source);
    }
    await source.ready;
  }

  /** Subscribes again where a stream has ended by itself, until it is not wanted any more. */
  async #subscribeAgain(
    runtime: Runtime,
    ended: EventStream,
    backoff: Backoff,
  ): Promise<EventStream | undefined> {
    let source = ended;
    for (;;) {
      // Whoever reads keeps the process alive; a handler does not.
      const delay = this.#queues.size > 0 ? foregroundDelay : backgroundDelay;
      await delay(backoff.next(), this.#stop.signal);
      if (this.#sources.get(runtime) !== source) return undefined;
      try {
        source = runtime.events();
        this.#sources.set(runtime, source);
        await source.ready;
        return source;
      } catch {
        // It is not there again yet.
      }
    }
  }

  async #pump(runtime: Runtime, source: EventStream): Promise<void> {
    try {
      await source.ready;
    } catch {
      this.#sources.delete(runtime); // whoever waits for it is told
      return;
    }
    const backoff = new Backoff();
    for (let stream: EventStream | undefined = source; stream !== undefined;) {
      try {
        for await (const event of stream) {
          backoff.reset();
          this.#tell(event);
        }
      } catch (error) {
        this.#onError(error);
      }
      if (this.#sources.get(runtime) !== stream) return;
      // Its readers and handlers must not wait for ever for what nobody would tell.
      this.#tell({ type: "disconnected", timestamp: new Date() });
      stream = await this.#subscribeAgain(runtime, stream, backoff);
      if (stream) this.#tell({ type: "connected", timestamp: new Date() });
    }
  }

  #tell(event: RuntimeEvent): void {
    for (const queue of this.#queues) queue.push(event);
    if (this.#backend && "containerId" in event) this.#handle(this.#backend, event);
  }

  #handle(backend: Backend, event: ContainerEvent): void {
    const { containerId, type } = event;
    const isTaken = this.#serial.add(
      containerId,
      () => backend.processEvent(containerId, type, event),
    );
    if (isTaken) this.#behind.delete(containerId);
    else this.#fallBehind(containerId);
  }

  /** Says once that a handler loses events, until it takes some again. */
  #fallBehind(containerId: string): void {
    if (this.#behind.has(containerId)) return;
    this.#behind.add(containerId);
    const state = "processEvent() is too far behind, what comes is dropped";
    const message = `Cannot handle events of container "${containerId}": ${state}`;
    this.#onError(new ContainerError("resource_exhausted", message, { containerId }));
  }

  #closeUnused(): void {
    if (this.#backend || this.#queues.size > 0) return;
    for (const source of this.#sources.values()) {
      source[Symbol.asyncDispose]().then(undefined, this.#onError);
    }
    this.#sources.clear();
  }
}
