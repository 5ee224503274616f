import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isOnThisHost } from "../../plugins/auto/choose-runtime.ts";
import { isContainerError } from "../../src/errors.ts";
import { refusePiped } from "../../src/stdio-choice.ts";

describe("choices", () => {
  it("refusePiped() names the stream that nobody would get, and lets the others pass", () => {
    for (const name of ["stdin", "stdout", "stderr"] as const) {
      assert.throws(
        () => refusePiped({ [name]: "piped" }),
        (error) => isContainerError(error, "invalid_argument") && error.field === `stdio.${name}`,
      );
    }
    refusePiped(undefined);
    refusePiped({ stdin: "null", stdout: "inherit", stderr: { file: "/tmp/x" } });
    refusePiped(() => {});
  });

  for (
    const [address, expected] of [
      ["/run/x.sock", true],
      ["unix:///run/x.sock", true],
      ["tcp://127.0.0.1:1", true],
      ["tls://localhost:1", true],
      ["tcp://[::1]:1", true],
      ["tcp://10.0.0.1:1", false],
      ["tls://127.example:1", false],
    ] as const
  ) {
    it(`isOnThisHost() of "${address}" is ${expected}`, () => {
      assert.equal(isOnThisHost(address), expected);
    });
  }
});
