import assert from "node:assert/strict";

/** What a promise rejected with; fails if it resolved. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(() => undefined, (reason: unknown) => ({ reason }));
  assert.ok(outcome, "resolved, and should have been rejected");
  return outcome.reason;
}
