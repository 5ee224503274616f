/**
 * Reporter of Node's test runner: one line of JSON for each test, with the reason of a skip. It
 * says what JUnit cannot.
 */
export default async function* nodeReporter(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, nesting, skip, todo, details } = data;
    const failureType = details?.error?.failureType;
    const kind = details?.type ?? "test";
    yield JSON.stringify({ type, name, nesting, skip, todo, kind, failureType }) + "\n";
  }
  // Missing when a test ends the process: exit code 0 would hide the tests that never ran.
  yield JSON.stringify({ type: "end" }) + "\n";
}
