/** The parts of a host that let a timer not keep the process alive. */
interface TimerHost {
  readonly Deno?: { unrefTimer(id: unknown): void };
}

/** Waits, without keeping the process alive; ends early, without an error, when the signal aborts. */
export function backgroundDelay(delayMs: number, signal: AbortSignal): Promise<void> {
  return wait(delayMs, { signal, onTimer: unref });
}

/** Waits, and keeps the process alive; ends early, without an error, when the signal aborts. */
export function foregroundDelay(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return wait(delayMs, { signal });
}

function wait(
  delayMs: number,
  options: { readonly signal: AbortSignal | undefined; onTimer?(timer: unknown): void },
): Promise<void> {
  const { signal, onTimer } = options;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    onTimer?.(timer);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done, { once: true });
  });
}

// Node and Bun give timer objects, Deno a number and a function of its own.
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer as { unref(): void }).unref();
  } else {
    (globalThis as TimerHost).Deno?.unrefTimer(timer);
  }
}
