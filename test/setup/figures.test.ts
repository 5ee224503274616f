import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { repositoryDir } from "../helpers/cache.ts";
import { type Figure, parseTables, summary, tables } from "./figures.mjs";

const figures = readFileSync(`${repositoryDir}/bench/FIGURES.md`, "utf8");
const readme = readFileSync(`${repositoryDir}/README.md`, "utf8");

/** A table without the blanks and dashes that only align it. */
function plain(text: string): string {
  return text.replaceAll(/ *\| */g, "|").replaceAll(/-{3,}/g, "---");
}

function figure(changes: Partial<Figure>): Figure {
  return {
    bench: "lifecycle",
    case: "run() of /bin/true",
    runtime: "node24",
    ours: 1,
    peer: 1,
    ratio: 1,
    unit: "ms",
    ...changes,
  };
}

describe("tables()", () => {
  it("tables() is what bench/FIGURES.md has", () => {
    const rows = parseTables(figures);
    assert.ok(rows.length > 70, `${rows.length} rows`);
    assert.ok(rows.every(({ ours, peer, ratio }) => [ours, peer, ratio].every(Number.isFinite)));
    assert.ok(plain(figures).endsWith(`${plain(tables(rows))}\n`));
  });
});

describe("summary()", () => {
  it("summary() of bench/FIGURES.md is what README.md has, on the same machine", () => {
    const [, written = ""] = /<!-- bench:begin -->\n(.*)<!-- bench:end -->/s.exec(readme) ?? [];
    const [, machine = ""] = /^(Medians on .*)$/m.exec(figures) ?? [];
    assert.notEqual(machine, "");
    assert.equal(plain(written).trim(), `${machine}\n\n${plain(summary(parseTables(figures)))}`);
  });

  it("summary() tells the lowest of times and the highest of throughputs as the best", () => {
    const text = summary([
      ...[0.9, 0.75, 1.2345].map((ratio, index) => figure({ ratio, runtime: `r${index}` })),
      ...[1.5, 0.5].map((ratio, index) =>
        figure({ bench: "stdout", case: "stdout", ratio, runtime: `r${index}`, unit: "MB/s" })
      ),
    ]);
    const [, , times, throughputs, ...more] = text.split("\n");
    assert.match(times ?? "", /\| lower \| 0\.75 \| 1\.23 \(run\(\) of \/bin\/true, r2\) \|$/);
    assert.match(throughputs ?? "", /\| higher \| 1\.5 \| 0\.5 \(stdout, r1\) \|$/);
    assert.deepEqual(more, []);
  });

  it("summary() leaves no case out in silence", () => {
    assert.throws(() => summary([figure({ bench: "new" })]), /Cannot sum up "new", "run\(\)/);
  });
});
