import { abortable } from "./abort.ts";
import { ContainerError } from "./errors.ts";

/**
 * Runs a job whose signal aborts with another one, or when its time is over; then this rejects with
 * its reason, `deadline_exceeded` or that of the other one, whatever the job does.
 *
 * @param budgetMs How long it may take, in milliseconds.
 * @param signal The other one.
 */
export async function withinBudget<T>(
  job: (signal: AbortSignal) => Promise<T>,
  budgetMs: number,
  signal?: AbortSignal,
): Promise<T> {
  // Not `AbortSignal.timeout`, which keeps whatever listens to it until its time is over.
  const cut = new AbortController();
  const abort = () => cut.abort(signal?.reason);
  const end = () =>
    cut.abort(new ContainerError("deadline_exceeded", `Cannot finish in ${budgetMs} ms`));
  const timer = setTimeout(end, budgetMs);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await abortable(job(cut.signal), cut.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
