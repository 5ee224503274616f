import assert from "node:assert/strict";
import { type ContainerError, type ErrorCode, isContainerError } from "../../src/errors.ts";
import type { ExitedStatus, ExitStatus } from "../../src/exit-status.ts";

/** Asserts that a call rejects with an error of a kind, and gives it. */
export async function rejectsWith(
  call: Promise<unknown> | (() => Promise<unknown>),
  code: ErrorCode,
  fields: Readonly<Partial<Record<"containerId" | "processId" | "field", string>>> = {},
): Promise<ContainerError> {
  let error: unknown;
  try {
    const value = await (typeof call === "function" ? call() : call);
    assert.fail(`Resolved with ${String(value)} instead of rejecting with ${code}`);
  } catch (caught) {
    error = caught;
  }
  if (!isContainerError(error)) throw error;
  assert.equal(error.code, code, error.message);
  // Action, object in quotes, colon, state.
  assert.match(error.message, /^Cannot .+: \S/s);
  for (const [name, value] of Object.entries(fields)) {
    assert.equal(error[name as keyof typeof fields], value, `${name} of "${error.message}"`);
  }
  return error;
}

/** Asserts that a process ended with a code, and gives how it ended. */
export function assertExited(status: ExitStatus, code: number): ExitedStatus {
  if (status.state !== "exited") assert.fail(`Lost: ${status.reason}`);
  assert.equal(status.code, code);
  assert.ok(status.exitedAt instanceof Date && status.exitedAt.getTime() > 0);
  return status;
}

/** All of a stream as text. */
export function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

/** Writes a text and closes the stream. */
export async function writeAll(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}
