import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until something holds that no event tells of, such as the end of a process on the host.
 *
 * @throws {Error} After `budgetMs` (60 s), which only a hang takes, with what was waited for.
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { budgetMs = 60_000 }: { readonly budgetMs?: number } = {},
): Promise<void> {
  const deadline = Date.now() + budgetMs;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`Waited ${budgetMs} ms in vain: ${what}`);
    await sleep(5);
  }
}
