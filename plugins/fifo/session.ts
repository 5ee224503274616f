import { clearTimeout, setTimeout } from "node:timers";
import { invalidArgument } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import type { Stdio, StdioPaths, StdioSession } from "../../src/stdio.ts";
import type { Input } from "./input.ts";
import type { Keeper } from "./keeper.ts";
import type { Output } from "./output.ts";
import type { Pump } from "./pump.ts";

/** What a {@linkcode FifoSession} is made of. */
export interface SessionParts {
  /** What the runtime sends to the shim. */
  readonly paths: StdioPaths;
  /** What the caller gets. */
  readonly stdio: Stdio;
  /** Our end of the input, if it is a FIFO. */
  readonly input: Input | undefined;
  /** Our ends of the outputs that are FIFOs. */
  readonly outputs: readonly Output[];
  /** Keepers of the outputs. */
  readonly keepers: readonly Keeper[];
  /** Pumps into and out of streams of the caller. */
  readonly pumps: readonly Pump[];
  /** Removes what was made. `isEnded` says whether the process was known to have ended. */
  readonly remove: (state: { readonly isEnded: boolean }) => void;
}

/** The streams of one process. */
export class FifoSession implements StdioSession {
  /** What the runtime sends to the shim. */
  readonly paths: StdioPaths;
  /** What the caller gets. */
  readonly stdio: Stdio;
  readonly #parts: SessionParts;
  #isReleased = false;
  #isEnded = false;
  #draining: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.paths = parts.paths;
    this.stdio = parts.stdio;
    this.#parts = parts;
  }

  /** Gives the pipes up to the shim. Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const keeper of this.#parts.keepers) keeper.close();
    this.#parts.input?.release();
    // Not before: of a process that could not be made, no input was taken.
    if (this.#closing === undefined) { for (const pump of this.#parts.pumps) pump.startInput(); }
  }

  /**
   * Ends stdin after what was written, also while its stream is locked. Resolves when our end is
   * closed; before the release, when the kernel has what was written, for our end has to stay open
   * until the shim reads. Idempotent.
   */
  async closeStdin(): Promise<void> {
    for (const pump of this.#parts.pumps) pump.stopInput();
    await this.#parts.input?.close();
  }

  /**
   * Closes stdin and reads the outputs to their end.
   *
   * @param budgetMs How long that may take, in milliseconds; includes handing what was read to
   * streams of the caller, and to this process's own output.
   * @returns `truncated` if an end was not reached, or a stream of the caller failed before it.
   * @throws {ContainerError} `invalid_argument` for a budget that is not a number from 0.
   */
  async drain(budgetMs: number): Promise<{ readonly truncated: boolean }> {
    if (typeof budgetMs !== "number" || !(budgetMs >= 0)) {
      throw invalidArgument("budgetMs", `Cannot drain for "${budgetMs}" ms: not a number from 0`, {
        plugin: "fifo",
      });
    }
    this.#isEnded = true;
    this.release();
    const draining = this.#drain(budgetMs);
    this.#draining = draining;
    return await draining;
  }

  /**
   * Lets go of a process that runs on, for others to attach to: closes all ends and leaves the FIFOs
   * in place. What was read stays readable. A drain that is under way is finished first. Idempotent.
   */
  async detach(): Promise<void> {
    await this.#draining;
    await this.#closeEnds();
  }

  /** Closes all ends and removes the FIFOs. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #drain(budgetMs: number): Promise<{ readonly truncated: boolean }> {
    const { outputs, pumps } = this.#parts;
    const work = Promise.all([
      this.#endInput(),
      ...outputs.map((output) => output.drain()),
      ...pumps.map((pump) => pump.drained),
    ]);
    await within(work, budgetMs);
    for (const output of outputs) output.stopDraining();
    const isComplete = outputs.every((output) => output.isComplete) &&
      pumps.every((pump) => !pump.isFailed);
    return { truncated: !isComplete };
  }

  async #close(): Promise<void> {
    try {
      await this.#closeEnds();
    } finally {
      this.#parts.remove({ isEnded: this.#isEnded });
    }
  }

  async #closeEnds(): Promise<void> {
    this.#isReleased = true;
    const { keepers, outputs } = this.#parts;
    for (const keeper of keepers) keeper.close();
    await Promise.all([this.#endInput(), ...outputs.map((output) => output.close())]);
  }

  async #endInput(): Promise<void> {
    for (const pump of this.#parts.pumps) pump.stopInput();
    await this.#parts.input?.end();
  }
}

/** Waits for work that never rejects, for a time; the timer goes with whichever is first. */
async function within(work: Promise<unknown>, budgetMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.min(budgetMs, longestDelayMs));
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
