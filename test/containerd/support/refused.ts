import assert from "node:assert/strict";
import { it } from "node:test";
import type { Box } from "./box.ts";
import { assertFails } from "./refusals.ts";

/** Makes a test: a call is refused, and the daemon never hears of it. */
export type Refused = (name: string, field: string, call: () => unknown) => void;

/** Makes such tests for the client of a box. */
export function refusedBy(box: Box): Refused {
  return (name, field, call) => {
    it(name, async () => {
      const { calls } = box.gate;
      const sent = calls.length;
      const error = await assertFails(call, { code: "invalid_argument", field });
      assert.deepEqual(calls.slice(sent), []);
      assert.ok(error.message.length < 1000, "message is too long");
    });
  };
}
