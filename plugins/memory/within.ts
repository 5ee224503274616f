import { foregroundDelay } from "../../src/delay.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";

/** Waits for work that never rejects, for a time. */
export async function within(work: Promise<unknown>, budgetMs: number): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work, foregroundDelay(Math.min(budgetMs, longestDelayMs), enough.signal)]);
  enough.abort();
}
