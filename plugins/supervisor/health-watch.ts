import { pause } from "./pause.ts";

/** How long after a missing answer the next one is asked for, for each that is missing. */
const MISS_DELAY_MS = 200;

/** What {@linkcode untilUnhealthy} takes. */
export interface HealthWatchOptions {
  /** Asks for a sign of life; rejects without one. */
  readonly check: () => Promise<void>;
  /** How often it is asked for, in milliseconds. */
  readonly intervalMs: number;
  /** How many may be missing in a row. */
  readonly misses: number;
  /** End the watch. */
  readonly signals: readonly AbortSignal[];
}

/**
 * Asks for signs of life, without keeping the process alive, until too many are missing in a row or
 * a signal aborts.
 */
export async function untilUnhealthy(options: HealthWatchOptions): Promise<void> {
  const { check, intervalMs, misses, signals } = options;
  for (let missing = 0; missing < misses;) {
    await pause(
      missing === 0 ? intervalMs : Math.min(intervalMs, missing * MISS_DELAY_MS),
      ...signals,
    );
    if (signals.some((signal) => signal.aborted)) return;
    try {
      await check();
      missing = 0;
    } catch {
      missing++;
    }
  }
}
