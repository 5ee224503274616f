import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runtimeName } from "../helpers/runtime.ts";

/** Collects all garbage, at once, on every runtime. */
export function collectGarbage(): void {
  if (runtimeName() === "bun") {
    const { Bun } = globalThis as unknown as { Bun: { gc(force: boolean): void } };
    Bun.gc(true);
    return;
  }
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("Cannot collect garbage: no such function");
  collect();
}
