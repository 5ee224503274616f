import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readJunitReport, readNodeReport, skipReasonIn } from "./reports.mjs";

describe("readNodeReport()", () => {
  const line = (fields: object) =>
    `${JSON.stringify({ type: "test:pass", kind: "test", ...fields })}\n`;

  const end = line({ type: "end" });

  it("readNodeReport() counts a process that ended before its tests as failed", () => {
    assert.deepEqual(readNodeReport(line({ name: "a" })).map((each) => each.state), [
      "failed",
      "passed",
    ]);
  });

  it("readNodeReport() counts tests and not the suites around them", () => {
    const text = line({ name: "a" }) + line({ name: "suite", kind: "suite" });
    assert.deepEqual(readNodeReport(text + end), [{ name: "a", state: "passed" }]);
  });

  it("readNodeReport() counts a failed hook, and not the parents of what failed", () => {
    const text =
      line({ name: "hook", kind: "suite", type: "test:fail", failureType: "hookFailed" }) +
      line({ name: "b", type: "test:fail", failureType: "testCodeFailure" }) +
      line({ name: "suite", kind: "suite", type: "test:fail", failureType: "subtestsFailed" });
    assert.deepEqual(readNodeReport(text + end), [
      { name: "hook", state: "failed" },
      { name: "b", state: "failed" },
    ]);
  });

  it("readNodeReport() keeps the reason of a skip, also of a whole suite", () => {
    const text = line({ name: "a", skip: "no criu" }) +
      line({ name: "b", skip: true, kind: "suite" });
    assert.deepEqual(readNodeReport(text + end), [
      { name: "a", state: "skipped", reason: "no criu" },
      { name: "b", state: "skipped" },
    ]);
  });
});

describe("readJunitReport()", () => {
  const wrap = (cases: string) =>
    `<testsuites><testsuite name="./a.test.ts">${cases}</testsuite></testsuites>`;

  it("readJunitReport() reads Deno's suites as the tests that are in them", () => {
    const text = wrap(
      `<testcase name="outer" time="0.1"><failure message="1 test step failed">x</failure></testcase>
       <testcase name="outer &gt; passes" time="0.1">\n</testcase>
       <testcase name="outer &gt; fails &lt;&amp;&gt;" time="0.1"><failure message="m">y</failure></testcase>
       <testcase name="outer &gt; skipped" time="0"><skipped/></testcase>`,
    );
    assert.deepEqual(readJunitReport(text), [
      { name: "outer > passes", state: "passed" },
      { name: "outer > fails <&>", state: "failed" },
      { name: "outer > skipped", state: "skipped" },
    ]);
  });

  it("readJunitReport() counts a suite that failed by itself", () => {
    const text = wrap(
      `<testcase name="outer"><failure message="hook">x</failure></testcase>
       <testcase name="outer &gt; passes"></testcase>`,
    );
    assert.deepEqual(readJunitReport(text).map((each) => each.state), [
      "failed",
      "passed",
    ]);
  });

  it("readJunitReport() reads Bun's empty elements", () => {
    const text = wrap(
      `<testcase name="a" classname="s" time="0.1" assertions="0" />
       <testcase name="b &quot;x&quot;" classname=""><skipped message="TODO" /></testcase>`,
    );
    assert.deepEqual(readJunitReport(text), [
      { name: "a", state: "passed" },
      { name: 'b "x"', state: "skipped" },
    ]);
  });
});

describe("skipReasonIn()", () => {
  it("skipReasonIn() finds the reason after the title", () => {
    const source =
      `it("works", () => {});\nit("restores", { skip: checkpointProblem() }, () => {});`;
    assert.equal(skipReasonIn(source, "suite > restores"), "checkpointProblem()");
  });

  it("skipReasonIn() finds the sentence in a condition, also in one that has a name", () => {
    const inline = `it("works", { skip: "Deno" in globalThis ? "it has no pipes" : false }, f);`;
    assert.equal(skipReasonIn(inline, "works"), "it has no pipes");
    const named = `["works"];\nconst skip = here === "bun"\n  ? "it has no pipes"\n  : false;\n` +
      `it(title, { skip }, f);`;
    assert.equal(skipReasonIn(named, "works"), "it has no pipes");
  });
});
