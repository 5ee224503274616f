import { abortable } from "../../src/abort.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { Turns } from "./turns.ts";

/** First releases of a minor version whose shims start processes side by side. */
const FIXED_PATCHES: ReadonlyMap<number, number> = new Map([[6, 22], [7, 3]]);

/**
 * Orders the starts of processes in one container, for shims that do not bear several at once.
 *
 * Before containerd 1.6.22 and 1.7.3 the runc shim holds one lock for the length of a Start, and
 * takes it to tell each end, while it holds the lock that every call needs. Behind a queue of
 * Starts its 32 places for ends fill up, and from then on each end stops the shim for a second:
 * with 60 processes it answers nobody for minutes. It starts one at a time anyway, so that nothing
 * is lost by asking for them one at a time.
 *
 * @see containerd runtime/v2/runc/task/service.go `eventSendMu`; sys/reaper/reaper_unix.go `Reap`
 */
export class StartTurns {
  readonly #version: () => Promise<string>;
  readonly #turns = new Turns();
  #mayOverlap: Promise<boolean> | undefined;

  /** @param version Asks for the daemon's version, which its shims have, too; not called unless needed. */
  constructor(version: () => Promise<string>) {
    this.#version = version;
  }

  /**
   * Starts a process, after the ones before it in the same container where its shim needs that. An
   * abort takes it out of the row; once it is under way, it is for `start` to heed it.
   */
  async take<T>(
    containerId: string,
    start: () => Promise<T>,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const turn = Promise.withResolvers<void>();
    let hasBegun = false;
    const step = async () => {
      signal?.throwIfAborted();
      hasBegun = true;
      turn.resolve();
      return await start();
    };
    const started = this.#turns.take(containerId, step, () => this.#mayOverlap ??= this.#ask());
    started.catch(() => {}); // nobody waits for what was aborted before its turn
    await abortable(turn.promise, signal).catch((reason) => {
      if (!hasBegun) throw reason;
    });
    return await started;
  }

  async #ask(): Promise<boolean> {
    try {
      return startsSideBySide(await this.#version());
    } catch {
      // One at a time is right everywhere; the next start asks again.
      this.#mayOverlap = undefined;
      return false;
    }
  }
}

/** Whether the runc shim of a containerd version starts several processes of a container at once. */
export function startsSideBySide(version: string): boolean {
  const [, major = NaN, minor = NaN, patch = NaN] = (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [])
    .map(Number);
  if (major !== 1) return major > 1;
  return patch >= (FIXED_PATCHES.get(minor) ?? (minor > 7 ? 0 : Infinity));
}
