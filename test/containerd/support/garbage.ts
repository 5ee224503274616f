import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

interface BunGlobal {
  readonly Bun?: { gc(isSync: boolean): void };
}

/** Frees what nothing holds any more, as far as the runtime lets itself be told to. */
export async function collectGarbage(): Promise<void> {
  const { Bun } = globalThis as BunGlobal;
  const collect = Bun === undefined ? v8Collector() : () => Bun.gc(true);
  // What a finished task held is free only after its turn of the event loop.
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Bytes in use on the heap, without what can be freed. */
export async function heapBytes(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Bytes of memory that the process has of the system. */
export async function residentBytes(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().rss;
}

function v8Collector(): () => void {
  setFlagsFromString("--expose-gc");
  const { gc } = globalThis as { gc?: () => void };
  return gc ?? (runInNewContext("gc") as () => void);
}
