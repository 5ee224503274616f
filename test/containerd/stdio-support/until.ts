import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a condition holds; gives up after a time that only a hang takes. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { budgetMs = 60_000 }: { readonly budgetMs?: number } = {},
): Promise<void> {
  const deadline = Date.now() + budgetMs;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`Did not come in ${budgetMs} ms: ${what}`);
    await sleep(10);
  }
}
