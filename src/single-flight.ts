import { abortable } from "./abort.ts";

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

/**
 * Makes a value once, however many ask for it at the same time. A failure is forgotten, so the next
 * caller tries again. A caller's abort ends its own wait; the making ends only with its last caller.
 */
export class SingleFlight<T> {
  readonly #make: (signal: AbortSignal) => Promise<T>;
  #flight: Flight<T> | undefined;
  #value: { readonly value: T } | undefined;

  /** @param make Makes the value; its signal aborts when nobody waits for it any more. */
  constructor(make: (signal: AbortSignal) => Promise<T>) {
    this.#make = make;
  }

  /** The value, if it was made. */
  get current(): T | undefined {
    return this.#value?.value;
  }

  /** The value; made now if it was not made before. */
  async get(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#value) return this.#value.value;
    const flight = this.#flight ??= this.#start();
    flight.callers++;
    try {
      return await abortable(flight.result, signal);
    } finally {
      flight.callers--;
      if (flight.callers === 0 && this.#flight === flight) {
        this.#flight = undefined;
        flight.controller.abort();
      }
    }
  }

  /** Forgets the value, or lets the making of it end unseen; gives what was made or is being made. */
  take(): Promise<T> | undefined {
    const taken = this.#value ? Promise.resolve(this.#value.value) : this.#flight?.result;
    this.#value = undefined;
    this.#flight = undefined;
    return taken;
  }

  #start(): Flight<T> {
    const controller = new AbortController();
    const flight: Flight<T> = { result: this.#make(controller.signal), controller, callers: 0 };
    flight.result.then((value) => {
      if (this.#flight !== flight) return;
      this.#value = { value };
      this.#flight = undefined;
    }, () => {
      if (this.#flight === flight) this.#flight = undefined;
    });
    return flight;
  }
}
