import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { defects } from "./defects.ts";
import { runSuites, type SuiteReport } from "./suite-report.ts";

const timeout = 600_000;

describe("runtimeContract()", () => {
  let report: SuiteReport;
  before(async () => {
    report = await runSuites(fileURLToPath(new URL("./defect-suite.ts", import.meta.url)));
  }, { timeout });

  const namesOf = (defect: string, state: string) =>
    (report.results.get(`contract of a plugin that ${defect}`) ?? [])
      .filter((result) => result.state === state).map(({ name }) => name).sort();

  it("runtimeContract() passes a plugin that is right, and skips what it is given a reason for", () => {
    assert.deepEqual(namesOf("is right", "failed"), []);
    assert.deepEqual(namesOf("is right", "skipped"), [
      "restore() attaches to the streams of a container whose maker was killed",
      'start() with "inherit" writes to the streams of the own process',
    ]);
    assert.ok(namesOf("is right", "passed").length > 80);
  });

  it("runtimeContract() leaves nothing that runs, whatever failed, and calls after() always", () => {
    const names = ["is right", ...defects.map(({ name }) => name), "cannot be opened"];
    assert.deepEqual(report.leftovers.toSorted(), names.sort());
  });

  it("runtimeContract() passes nothing of a plugin that cannot be opened", () => {
    assert.deepEqual(namesOf("cannot be opened", "passed"), []);
    assert.ok(namesOf("cannot be opened", "failed").length > 0);
  });

  for (const { name, fails } of defects) {
    it(`runtimeContract() finds a plugin that ${name}, by these tests and no other`, () => {
      assert.deepEqual(namesOf(name, "failed"), [...fails].sort());
      assert.deepEqual(
        namesOf(name, "passed").length,
        namesOf("is right", "passed").length - fails.length,
      );
    });
  }
});
