import assert from "node:assert/strict";
import type { Client } from "../../src/client.ts";
import { commandSpec, SHIM } from "../containerd/bed.ts";

/** How a container ends that {@linkcode startSteady} starts. */
export const STEADY_CODE = 3;

/** Starts a container that runs until SIGTERM, and resolves when it is ready for that. */
export async function startSteady(client: Client, id: string): Promise<void> {
  const script = `trap 'exit ${STEADY_CODE}' TERM; echo up; while :; do sleep 0.05; done`;
  await client.create(id, commandSpec(script), SHIM);
  const task = await client.start(id, { stdio: { stdout: "piped" } });
  const reader = task.stdio.stdout.getReader();
  await reader.read(); // the trap is set
  await reader.cancel();
}

/**
 * Runs a container beside what fails, and waits for its end all the while: that comes when it is
 * told to, and no sooner, with its own code.
 */
export async function besideSteady(
  client: Client,
  id: string,
  act: () => Promise<void>,
): Promise<void> {
  await startSteady(client, id);
  let isOver = false;
  const ended = client.wait(id).finally(() => isOver = true);
  ended.catch(() => {}); // awaited below, unless the act fails
  await act();
  assert.ok(!isOver, "wait() is over before the process");
  await client.signalProcess(id, "init", "SIGTERM");
  const status = await ended;
  assert.equal(status.state === "exited" && status.code, STEADY_CODE);
  await client.delete(id, { force: true });
}
