import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { repositoryDir } from "./helpers/cache.ts";
import { type Daemon, startDaemon } from "./helpers/daemon.ts";
import { runScript, type ScriptResult } from "./helpers/runtime.ts";

/** The cases of each benchmark, as patterns; all must be there, in this order. */
const benches: Readonly<Record<string, readonly RegExp[]>> = {
  lifecycle: [
    /^create to delete .*one at a time$/,
    /^run\(\) .*one at a time$/,
    /^create to delete .*8 at a time$/,
    /^run\(\) .*8 at a time$/,
  ],
  script: [/sources$/, /package$/, /bundle$/],
  stdout: [/64 KiB$/, /4 KiB$/],
  import: [
    ...["core", "auto", "auto and connect\\(\\)"].flatMap((what) =>
      ["sources", "package", "bundle"].map((kind) => new RegExp(`imports ${what}, ${kind},`))
    ),
    ...("Deno" in globalThis || "Bun" in globalThis ? [] : [/^size of the core/]),
  ],
};

/** A busy machine may need long for what is not measured here. */
const budgetMs = 110_000;

function rowsOf({ stdout }: ScriptResult): readonly Record<string, unknown>[] {
  return stdout.split("\n").filter((line) => line.startsWith("BENCH "))
    .map((line) => JSON.parse(line.slice("BENCH ".length)));
}

function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) &&
    value[0] <= value[1];
}

describe("benchmarks", () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await startDaemon();
  });
  after(() => daemon?.stop());

  for (const [bench, cases] of Object.entries(benches)) {
    it(`bench/${bench} measures all of its cases and leaves nothing behind`, async () => {
      const result = await runScript(
        "current",
        `${repositoryDir}/bench/${bench}/run.ts`,
        ["--quick", "--address", daemon.address],
        { env: { PATH: daemon.path, CONTAINERD_NAMESPACE: daemon.namespace }, budgetMs },
      );
      assert.equal(result.code, 0, `${result.stdout}${result.stderr}`);
      const rows = rowsOf(result);
      assert.equal(rows.length, cases.length, result.stdout);
      for (const [index, row] of rows.entries()) {
        assert.match(String(row["case"]), cases[index] ?? /^$/);
        assert.equal(row["bench"], bench);
        assert.match(String(row["runtime"]), /^(node\d+|deno|bun)$/);
        assert.match(String(row["unit"]), /^(ms|kB|MB\/s)$/);
        for (const figure of ["ours", "peer", "ratio", "rounds"]) {
          assert.ok(Number.isFinite(row[figure]), `${figure} of ${JSON.stringify(row)}`);
        }
        const { ours, peer, ratio } = row["spread"] as Record<string, unknown>;
        for (const range of [ours, peer, ratio]) assert.ok(isRange(range), JSON.stringify(row));
      }
      assert.equal(await daemon.ctr("containers", "ls", "--quiet"), "");
    });
  }
});
