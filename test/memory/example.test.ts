import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runScript } from "../helpers/runtime.ts";

describe("examples/in-memory.ts", () => {
  it("examples/in-memory.ts shows programs and faults, and leaves nothing", async () => {
    const script = new URL("../../examples/in-memory.ts", import.meta.url);
    const { code, stdout, stderr } = await runScript("current", script);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "world    hello world",
      "nobody   failed with 1",
      "fault    no container: unavailable, struck 1 time",
      "shim     nobody knows",
      "residue  0 containers, 0 tasks, 0 processes",
    ]);
  });
});
