import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { processSpec } from "../../src/oci/process-spec.ts";
import { BOX, onlyBox, useBox } from "./support/box.ts";
import { leftovers } from "./support/leftovers.ts";
import { RUNC } from "./support/open-client.ts";
import { refusedBy } from "./support/refused.ts";
import { execOf, specOf } from "./support/specs.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

const box = useBox();
const refused = refusedBy(box);

describe("stdio with bad input", () => {
  const cases: readonly (readonly [stdio: unknown, field: string])[] = [
    [5, "stdio"],
    ["piped", "stdio"],
    [["piped"], "stdio"],
    [{ output: "piped" }, "stdio.output"],
    [{ stdin: "pipe" }, "stdio.stdin"],
    [{ stdin: null }, "stdio.stdin"],
    [{ stdin: {} }, "stdio.stdin"],
    [{ stdin: { file: "/no/such/file" } }, "stdio.stdin"],
    [{ stdin: { file: "relative" } }, "stdio.stdin"],
    [{ stdin: { file: "/tmp" } }, "stdio.stdin"],
    [{ stdin: new WritableStream() }, "stdio.stdin"],
    [{ stdout: true }, "stdio.stdout"],
    [{ stdout: { file: "relative" } }, "stdio.stdout"],
    [{ stdout: { file: "/no/such/folder/file" } }, "stdio.stdout"],
    [{ stdout: { uri: "no uri" } }, "stdio.stdout"],
    [{ stdout: { uri: 5 } }, "stdio.stdout"],
    [{ stdout: new ReadableStream() }, "stdio.stdout"],
    [{ stderr: { uri: "file:///tmp/x" } }, "stdio.stderr"],
  ];
  before(async () => {
    await box.client.create("quiet", specOf("true"), RUNC);
  });
  after(async () => {
    await box.client.delete("quiet");
    assert.deepEqual(await leftovers(box.daemon), onlyBox);
  });
  for (const [stdio, field] of cases) {
    const text = JSON.stringify(stdio);
    refused(
      `start() refuses stdio ${text} (${field})`,
      field,
      () => box.client.start("quiet", { stdio: stdio as never }),
    );
    refused(
      `exec() refuses stdio ${text} (${field})`,
      field,
      () => box.client.exec(BOX, "a", execOf("true"), { stdio: stdio as never }),
    );
  }
  refused(
    "exec() refuses stderr with a terminal",
    "stdio.stderr",
    () =>
      box.client.exec(BOX, "a", processSpec({ args: ["true"], terminal: true }), {
        stdio: { stdout: "piped", stderr: "piped" },
      }),
  );
});
