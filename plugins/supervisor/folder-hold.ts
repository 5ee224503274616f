import type { OwnerLock } from "./owner-lock.ts";
import { pause } from "./pause.ts";

/** How often a daemon that could not be ended is looked for. */
const GONE_INTERVAL_MS = 500;

/** What a {@linkcode FolderHold} asks. */
export interface FolderHoldInit {
  /** Marks the folder as owned. */
  readonly lock: OwnerLock;
  /** Whether something of the daemon runs; may throw where that cannot be seen at the time. */
  readonly isAlive: () => boolean;
  /** Whether the daemon is just being ended, so that its end gives the folder back. */
  readonly isEnding: () => boolean;
}

/** Holds the folder of a daemon for as long as something of that may run. */
export class FolderHold {
  readonly #init: FolderHoldInit;
  #isHeld = true;
  #isLooking = false;

  /** @param init Whose folder it is. */
  constructor(init: FolderHoldInit) {
    this.#init = init;
  }

  /** Whether the folder is not given back. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Gives the folder back. From then on another owner's daemon may be in it. */
  release(): void {
    this.#isHeld = false;
    this.#init.lock.release();
  }

  /** Gives the folder back as soon as nothing of the daemon runs that could not be ended. */
  releaseWhenGone(): void {
    if (!this.#isHeld || this.#init.isEnding() || this.#isLooking) return;
    if (this.#isGone()) {
      this.release();
      return;
    }
    this.#isLooking = true;
    void pause(GONE_INTERVAL_MS).then(() => {
      this.#isLooking = false;
      this.releaseWhenGone();
    });
  }

  #isGone(): boolean {
    try {
      return !this.#init.isAlive();
    } catch {
      return false; // to be seen the next time
    }
  }
}
