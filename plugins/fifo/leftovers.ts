import { readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import type { StdioLeftovers, StdioOwner } from "../../src/stdio.ts";
import { defaultBase, isOfInit } from "./folder-names.ts";
import { FoundFifo } from "./found-fifo.ts";
import type { FifoOptions } from "./mod.ts";
import { placeOf } from "./places.ts";

/** How long those that read a FIFO get to end: shims of deleted tasks end just then. */
const usersBudgetMs = 1_000;
const longestDelayMs = 50;

/** The folder of one process. */
interface Found {
  readonly path: string;
  readonly fifos: readonly FoundFifo[];
}

/**
 * The FIFOs of one container: those of clients that live, and those of clients that do not.
 *
 * Who needs a FIFO by its path has somebody that reads it: a client keeps it open for both
 * directions until the shim has come, and a shim keeps an output open for reading itself. So one
 * that nobody reads is left behind, once its client has had the time to open what it has made. A
 * shim may wait for its reader, for 30 s, with the lock that every call about its container needs.
 *
 * - A further process: it is held open, so that the shim goes on.
 * - The first process: containerd has broken its Create off with the client. It is put aside first,
 *   so that Create fails. Were it to succeed, containerd (2.1) would delete the task, wait for its
 *   output for longer than it waits for the deletion, and leave runc's container behind for ever.
 */
export class FoundFifos implements StdioLeftovers {
  readonly #base: string;
  readonly #folders: readonly Found[];

  private constructor(base: string, folders: readonly Found[]) {
    this.#base = base;
    this.#folders = folders;
  }

  /**
   * Finds them, and leaves them as they are.
   *
   * @param options Those of the driver.
   */
  static find(owner: StdioOwner, options: FifoOptions): FoundFifos {
    const { base, prefix, isOwn } = placeOf(owner, options);
    const folders = list(base)
      .filter((name) => name.startsWith(prefix) && isOwn(join(base, name)))
      .map((name) => {
        const path = join(base, name);
        const freed = isOfInit(name) ? "aside" : "held";
        const fifos = list(path).flatMap((each) => FoundFifo.at(join(path, each), freed) ?? []);
        return { path, fifos };
      });
    return new FoundFifos(base, folders);
  }

  /** Lets shims go on that wait for a reader; those of first processes only with `all`, to fail. */
  unblock(which: "further" | "all"): void {
    for (const { fifos } of this.#folders) {
      for (const fifo of fifos) if (which === "all" || fifo.freed === "held") fifo.unblock();
    }
  }

  /** Removes those that nobody reads. Who does gets a second to end. */
  async remove(): Promise<void> {
    const deadline = Date.now() + usersBudgetMs;
    let rest = this.#folders.filter(isNeeded);
    for (let delayMs = 1; rest.length > 0 && Date.now() < deadline;) {
      await delay(delayMs);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
      rest = rest.filter(isNeeded);
    }
    this.release();
    // It fails while others are in it.
    if (this.#base === defaultBase && this.#folders.length > 0) tryRemove(defaultBase);
  }

  /** Ends the holds. */
  release(): void {
    for (const { fifos } of this.#folders) for (const fifo of fifos) fifo.release();
  }
}

/** Whether somebody uses a folder; else it is removed. */
function isNeeded({ path, fifos }: Found): boolean {
  if (fifos.some((fifo) => fifo.isUsed())) return true;
  for (const fifo of fifos) fifo.remove();
  tryRemove(path);
  return false;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or not readable
  }
}

function tryRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Gone already, or not empty; nothing depends on it.
  }
}

function delay(delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  return promise.finally(() => clearTimeout(timer));
}
