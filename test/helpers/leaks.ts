import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import type { Daemon } from "./daemon.ts";
import { mountsBelow } from "./mounts.ts";

/** What this process has open: descriptor number to what it leads to, for instance `pipe:[123]`. */
export function openDescriptors(): ReadonlyMap<number, string> {
  const result = new Map<number, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      result.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The one that the listing itself used.
    }
  }
  return result;
}

/** The FIFOs in a folder and all below it. */
export function fifosBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return fifosBelow(path);
      // Not by the entry: Deno's says of no file that it is a FIFO.
      return lstatSync(path, { throwIfNoEntry: false })?.isFIFO() ? [path] : [];
    });
  } catch {
    return [];
  }
}

/** Ids of the tasks in the namespace of a daemon. */
export async function taskIds(daemon: Daemon): Promise<readonly string[]> {
  const lines = await daemon.ctr("tasks", "list", "--quiet");
  return lines.split("\n").filter((line) => line !== "");
}

/** What may leak: each a list of what is there. */
export interface Holdings {
  readonly descriptors: readonly string[];
  readonly fifos: readonly string[];
  readonly mounts: readonly string[];
  readonly shims: readonly number[];
}

/** What {@linkcode holdings} looks at beside this process's own descriptors. */
export interface HoldingsOptions {
  /** The daemon whose shims and mounts count. */
  readonly daemon?: Daemon;
  /** Folders whose FIFOs count. */
  readonly fifoDirs?: readonly string[];
}

/**
 * Takes stock. Descriptors count by kind and path, since numbers and inodes are used again.
 *
 * To be called after a first round of what is tested: Deno and Node open descriptors of their own,
 * for good, when a child process or a socket is first used.
 */
export function holdings(options: HoldingsOptions = {}): Holdings {
  const { daemon, fifoDirs = [] } = options;
  return {
    descriptors: [...openDescriptors().values()].map((each) => each.replace(/:\[\d+\]$/, ""))
      .sort(),
    fifos: fifoDirs.flatMap(fifosBelow).sort(),
    mounts: daemon === undefined ? [] : mountsBelow(daemon.home),
    shims: daemon?.shimPids() ?? [],
  };
}

/**
 * Waits until nothing is there that was not there `before`: closing is not instant everywhere.
 *
 * @throws {Error} After `budgetMs` (10 s), with a list of what leaked.
 */
export async function noMoreThan(
  before: Holdings,
  options: HoldingsOptions & { readonly budgetMs?: number } = {},
): Promise<void> {
  const deadline = Date.now() + (options.budgetMs ?? 10_000);
  while (true) {
    const now = holdings(options);
    const leaked = (Object.keys(before) as (keyof Holdings)[]).flatMap((kind) =>
      surplus<string | number>(before[kind], now[kind]).map((each) => `${kind}: ${each}`)
    );
    if (leaked.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Leaked ${leaked.length}:\n${leaked.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function surplus<T>(before: readonly T[], now: readonly T[]): readonly T[] {
  const rest = [...before];
  return now.filter((each) => {
    const index = rest.indexOf(each);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}
