import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runScript } from "../helpers/runtime.ts";

describe("examples/host-processes.ts", () => {
  it("examples/host-processes.ts runs to its end, with a plugin loaded by its module", async () => {
    const script = new URL("../../examples/host-processes.ts", import.meta.url);
    const { code, stdout, stderr } = await runScript("current", script);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "exec     Linux",
      "output   hello world",
      "wait     code 7",
      "stats    unimplemented",
    ]);
  });
});
