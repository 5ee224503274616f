import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { requirements } from "./requirements.ts";
import { testJobs } from "./setup/matrix.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** The ids at the beginning of the test names in a file. */
function idsIn(file: string): readonly string[] {
  const source = readFileSync(`${folder}${file}`, "utf8");
  const names = source.matchAll(/\bit\(\s*["'`]([A-Z]\d{2}) /g);
  return [...names].map((match) => match[1]).filter((id) => id !== undefined);
}

describe("requirements", () => {
  it("requirements have ids of their own, in order", () => {
    const ids = requirements.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].sort());
  });

  it("requirements each have a test in their file", () => {
    const missing = requirements.filter(({ id, file }) => !idsIn(file).includes(id));
    assert.deepEqual(missing, []);
  });

  it("requirements hold every id that a test names", () => {
    const known = requirements.map(({ id }) => id);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"));
    const unknown = files.flatMap(idsIn).filter((id) => !known.includes(id));
    assert.deepEqual(unknown, []);
  });

  it("requirements are all tested on three runtimes, each against three versions of containerd", () => {
    const runtimes = ["bun", "deno", "node24"];
    const versions = ["1.6", "1.7", "2.1"];
    const jobs = testJobs({ runtimes, versions, groups: ["containerd"], paths: [] });
    const untested = versions.flatMap((version) =>
      runtimes.flatMap((runtime) => {
        const own = jobs.filter((job) => job.runtime === runtime && job.version === version);
        const files = new Set(own.flatMap((job) => job.files));
        return requirements.filter(({ file }) => !files.has(`test/${file}`))
          .map(({ id }) => `${id} on ${runtime} against ${version}`);
      })
    );
    assert.deepEqual(untested, []);
  });
});
