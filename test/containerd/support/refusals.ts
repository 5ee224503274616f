import assert from "node:assert/strict";
import { type ContainerError, type ErrorCode, isContainerError } from "../../../src/errors.ts";

/** What an error must be. */
export interface Refusal {
  /** Its code, or those of which it may have one: the kinds of some errors differ by version. */
  readonly code: ErrorCode | readonly ErrorCode[];
  /** The refused field; for `invalid_argument` of ours. */
  readonly field?: string | undefined;
  /** What its message must hold. */
  readonly text?: RegExp | undefined;
}

/** Asserts that a call fails with one error of this library that says what and why. */
export async function assertFails(
  call: () => unknown,
  { code, field, text }: Refusal,
): Promise<ContainerError> {
  let error: unknown;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error !== undefined, "was accepted");
  assert.ok(isContainerError(error), `not a ContainerError: ${error}`);
  assert.ok([code].flat().includes(error.code), `${error.code}: ${error.message}`);
  assert.equal(error.field, field, error.message);
  assert.match(error.message, /^(Cannot|Lost) [^]+: [^]*[^.]$/);
  if (text) assert.match(error.message, text);
  return error;
}
