import assert from "node:assert/strict";
import { inspect } from "node:util";
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
    const found = inspect(value, { depth: 1, breakLength: Infinity });
    assert.fail(`Resolved with ${found} instead of rejecting with ${code}`);
  } catch (caught) {
    error = caught;
  }
  if (error instanceof assert.AssertionError) throw error;
  if (!isContainerError(error)) {
    throw new Error(`Rejected with "${error}", no ContainerError of code ${code}`, {
      cause: error,
    });
  }
  const { message } = error;
  assert.equal(error.code, code, `Rejected with ${error.code} instead of ${code}: ${message}`);
  assert.match(message, /^Cannot .+: \S/s, `"${message}" is not "Cannot <action>: <state>"`);
  for (const [name, value] of Object.entries(fields)) {
    const found: string | undefined = error[name as keyof typeof fields];
    assert.equal(found, value, `${name} of the error is "${found}", not "${value}": ${message}`);
  }
  return error;
}

/** Asserts that a process ended with a code, and gives how it ended. */
export function assertExited(status: ExitStatus, code: number): ExitedStatus {
  if (status.state !== "exited") assert.fail(`Lost, not exited with ${code}: ${status.reason}`);
  assert.equal(status.code, code, `Exited with ${status.code} instead of ${code}`);
  const { exitedAt } = status;
  assert.ok(exitedAt instanceof Date && exitedAt.getTime() > 0, `exitedAt is "${exitedAt}"`);
  return status;
}

/** All of a stream, which must be there, as text. */
export function textOf(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  assert.ok(stream, "there is no stream to read from");
  return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

/** Writes a text and closes the stream, which must be there. */
export async function writeAll(
  stream: WritableStream<Uint8Array> | null,
  text: string,
): Promise<void> {
  assert.ok(stream, "there is no stream to write to");
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

/** Asserts for each of several calls that it rejects as {@linkcode rejectsWith} has it. */
export async function eachRejectsWith(
  calls: Readonly<Record<string, () => Promise<unknown>>>,
  code: ErrorCode,
  fields: Parameters<typeof rejectsWith>[2] = {},
): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    try {
      await rejectsWith(call, code, fields);
    } catch (cause) {
      throw new Error(`${name}(): ${(cause as Error).message}`, { cause });
    }
  }
}
