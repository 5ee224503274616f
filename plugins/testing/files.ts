import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertExited, rejectsWith } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import { skipReason } from "./capabilities.ts";

/** Files as streams of processes. */
export function filesContract(bench: Bench): void {
  const { files = true } = bench.options.capabilities;
  const skip = skipReason(files);
  const copy = { does: "copy" } as const;
  const print = { does: "print", stdout: "to out\n", stderr: "to err\n" } as const;

  if (files === false) {
    bench.it("start() refuses files with unimplemented", async () => {
      await bench.withContainer(print, async (id) => {
        const stdio = { stdout: { file: join(tmpdir(), "lccontract-never") } };
        await rejectsWith(bench.client.start(id, { stdio }), "unimplemented");
        await rejectsWith(bench.client.status(id), "failed_precondition");
      });
    });
    return;
  }

  bench.it("start() with files reads from one and appends to others", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lccontract-"));
    const [input, output, errors] = ["in", "out", "err"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    try {
      writeFileSync(input, "from the file\n");
      writeFileSync(output, "before\n");
      await bench.withContainer(copy, async (id) => {
        const stdio = { stdin: { file: input }, stdout: { file: output } };
        const task = await bench.client.start(id, { stdio });
        assertExited(await task.wait(), 0);
      });
      await bench.withContainer(print, async (id) => {
        const stdio = { stdout: { file: output }, stderr: { file: errors } };
        const task = await bench.client.start(id, { stdio });
        assertExited(await task.wait(), 0);
      });
      assert.equal(readFileSync(output, "utf8"), `before\nfrom the file\n${print.stdout}`);
      assert.equal(readFileSync(errors, "utf8"), print.stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, { skip });

  bench.it("start() refuses a file to read from that does not exist", async () => {
    await bench.withContainer(copy, async (id) => {
      const stdio = { stdin: { file: "/no/such/file" } };
      const error = await rejectsWith(bench.client.start(id, { stdio }), "invalid_argument");
      assert.match(error.message, /\/no\/such\/file/);
      await rejectsWith(bench.client.status(id), "failed_precondition");
    });
  }, { skip });
}
