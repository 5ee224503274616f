/**
 * What one test came to.
 *
 * @typedef {object} Result
 * @property {string} name Name, after the names of the suites it is in.
 * @property {"passed" | "failed" | "skipped"} state
 * @property {string} [reason] Why it was skipped, where the runner tells.
 */

/**
 * Reads what `node-reporter.mjs` wrote.
 *
 * @param {string} text
 * @returns {Result[]}
 */
export function readNodeReport(text) {
  const results = [];
  const lines = text.split("\n").filter((each) => each !== "").map((line) => JSON.parse(line));
  if (lines.at(-1)?.type !== "end") {
    results.push({ name: "the process ended before its tests", state: "failed" });
  }
  for (const { type, name, skip, todo, kind, failureType } of lines) {
    if (type === "end") continue;
    // A parent fails with its children, which were counted.
    if (failureType === "subtestsFailed") continue;
    if (skip !== undefined && skip !== false) {
      results.push({ name, state: "skipped", ...(skip === true ? {} : { reason: skip }) });
    } else if (todo !== undefined && todo !== false) {
      results.push({ name, state: "skipped", reason: `todo: ${todo}` });
    } else if (type === "test:fail") {
      results.push({ name, state: "failed" });
    } else if (kind !== "suite") {
      results.push({ name, state: "passed" });
    }
  }
  return results;
}

/**
 * Reads a JUnit report of Deno or Bun.
 *
 * Deno lists a suite beside its tests, as `suite` and `suite > test`: it counts only where it
 * failed and none of its tests did, or where it was skipped whole.
 *
 * @param {string} text
 * @returns {Result[]}
 */
export function readJunitReport(text) {
  const cases = [...text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)]
    .map(([, attributes, content = ""]) => ({
      name: attribute(attributes, "name"),
      state: stateOf(content),
    }));
  return cases.filter(({ name, state }) => {
    const inside = cases.filter((each) => each.name.startsWith(`${name} > `));
    if (inside.length === 0) return true;
    return state === "failed" && inside.every((each) => each.state !== "failed");
  });
}

function stateOf(content) {
  if (/<(failure|error)\b/.test(content)) return "failed";
  return /<skipped\b/.test(content) ? "skipped" : "passed";
}

function attribute(text, name) {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1] ?? "";
  const named = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return value.replace(
    /&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));/g,
    (whole, hex, decimal, word) => {
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return named[word] ?? whole;
    },
  );
}

/**
 * Why a test is skipped, as its source says it: Deno and Bun do not report the reason.
 *
 * @param {string} source Text of the test file.
 * @param {string} name Name of the test, maybe after those of its suites.
 */
export function skipReasonIn(source, name) {
  const title = name.split(" > ").at(-1) ?? name;
  const at = source.indexOf(title);
  if (at < 0) return undefined;
  const option = /\bskip(?::\s*([^\n]*?)|\s*)\s*[},\n]/.exec(source.slice(at + title.length));
  const condition = option?.[1] ?? /\bconst skip = ([^;]*);/.exec(source)?.[1];
  // Most conditions hold the reason as a sentence; a function that gives it is named.
  const texts = [...condition?.matchAll(/"([^"]*)"/g) ?? []].map(([, text]) => text);
  return texts.findLast((text) => text.includes(" ")) ?? condition;
}
