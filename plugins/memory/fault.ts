import { ContainerError } from "../../src/errors.ts";

/** Something that goes wrong on a host, until it is lifted. */
export interface Fault extends Disposable {
  /** How often it has struck. */
  readonly count: number;
  /** Whether it may still strike. */
  readonly isActive: boolean;
  /**
   * Resolves once it has struck so many times; at once, if it has.
   *
   * @param count Default: 1.
   * @throws {ContainerError} `aborted` if it is lifted before.
   */
  struck(count?: number): Promise<void>;
  /** Ends it, and lets go of what it holds back. Idempotent. */
  lift(): void;
}

/** A fault, as the host keeps it. */
export class ActiveFault implements Fault {
  readonly #name: string;
  readonly #onLift: () => void;
  readonly #waiting = new Map<PromiseWithResolvers<void>, number>();
  #count = 0;
  #isActive = true;

  /**
   * @param name What it is called in messages.
   * @param onLift Lets go of what it holds back.
   */
  constructor(name: string, onLift: () => void) {
    this.#name = name;
    this.#onLift = onLift;
  }

  /** How often it has struck. */
  get count(): number {
    return this.#count;
  }

  /** Whether it may still strike. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Resolves once it has struck so many times. */
  struck(count: number = 1): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    if (!this.#isActive) return Promise.reject(this.#lifted());
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(waiting, count);
    return waiting.promise;
  }

  /** Counts that it strikes. */
  strike(): void {
    this.#count++;
    for (const [waiting, count] of [...this.#waiting]) {
      if (this.#count < count) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  /** Ends it. */
  lift(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#onLift();
    for (const waiting of this.#waiting.keys()) waiting.reject(this.#lifted());
    this.#waiting.clear();
  }

  /** As {@linkcode ActiveFault.lift}. */
  [Symbol.dispose](): void {
    this.lift();
  }

  #lifted(): ContainerError {
    return new ContainerError("aborted", `Cannot wait for fault "${this.#name}": lifted`);
  }
}
