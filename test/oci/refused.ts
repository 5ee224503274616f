import assert from "node:assert/strict";
import { isContainerError } from "../../src/errors.ts";

/** Asserts that a call refuses its input, naming the field in the error and in its text. */
export function assertRefused(call: () => unknown, field: string, text?: RegExp): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(isContainerError(error, "invalid_argument"), `not invalid_argument: ${error}`);
    assert.equal(error.field, field);
    assert.match(error.message, /^Cannot use .*"[^]*": [^]*[^.]$/);
    if (text) assert.match(error.message, text);
    return true;
  });
}
