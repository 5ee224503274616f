/** What may hold a process up: its container is paused, or it was sent `SIGSTOP`. */
export type FreezeReason = "paused" | "stopped";

/** Holds up whatever a process does. */
export class Freezer {
  readonly #reasons = new Set<FreezeReason>();
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<(isFrozen: boolean) => void>();

  /** Whether anything holds the process up. */
  get isFrozen(): boolean {
    return this.#reasons.size > 0;
  }

  /** Holds it up, until every reason is gone. */
  freeze(reason: FreezeReason): void {
    const before = this.isFrozen;
    this.#reasons.add(reason);
    if (!before) this.#tell();
  }

  /** Takes one reason away. */
  thaw(reason: FreezeReason): void {
    if (!this.#reasons.delete(reason) || this.isFrozen) return;
    this.#tell();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /** Calls once nothing holds it up; gives what takes the call back. */
  onThawed(go: () => void): () => void {
    if (!this.isFrozen) {
      go();
      return () => {};
    }
    this.#waiting.add(go);
    return () => void this.#waiting.delete(go);
  }

  /** Tells of each change; gives what ends that. */
  onChange(listener: (isFrozen: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.isFrozen);
  }
}
