import { build, checks } from "./checks.mjs";
import { testJobs } from "./matrix.mjs";
import { readOptions } from "./options.mjs";
import { prepare, prepareChecks } from "./prepare.mjs";
import { endGroupsOnSignals, runInGroup } from "./process-group.mjs";
import { programs } from "./runtimes.mjs";
import { join } from "node:path";
import { TestRun } from "./test-run.mjs";

/** Runs everything that the command line asks for and gives the exit code of this process. */
async function main() {
  const options = readOptions();
  const wantsChecks = options.groups.includes("checks") && options.paths.length === 0;
  const jobs = testJobs(options);
  endGroupsOnSignals();
  try {
    await (jobs.length === 0 ? prepareChecks() : prepare());
  } catch (error) {
    console.log(`Set-up failed. ${error.stack}\n`);
    return close([{ state: "failed" }]);
  }
  const run = new TestRun();
  const startedAt = Date.now();
  if (wantsChecks) await run.run([build], []);
  await run.run(wantsChecks ? checks() : [], jobs);
  await sweep(run);
  if (jobs.length === 0 && !wantsChecks) {
    run.results.push({ job: "all", name: "no test file matches", state: "failed" });
  }
  summarize(run, startedAt);
  return close(run.results);
}

// Ends what the daemons of killed tests left running.
async function sweep(run) {
  const command = [programs.node24, "test/setup/sweep.ts"];
  const log = join(run.logs, "sweep.log");
  const { code, problem } = await runInGroup(command, { log, budgetMs: 60_000 });
  if (code !== 0) console.log(`The sweep failed: ${problem ?? `exit code ${code}`}, see ${log}`);
}

function summarize(run, startedAt) {
  const failed = run.results.filter((each) => each.state === "failed");
  const skipped = run.results.filter((each) => each.state === "skipped");
  if (skipped.length > 0) console.log("\nSkipped:");
  for (const [key, each] of groupBySkip(skipped)) {
    console.log(`  ${key}\n    ${each.map(({ job }) => job).join("; ")}`);
  }
  if (failed.length > 0) console.log("\nFailed:");
  for (const { job, file, name } of failed) {
    console.log(`  ${job}: ${file === undefined ? "" : `${file}: `}${name}`);
  }
  const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
  console.log(`\nTook ${minutes} min; logs are in ${run.logs}\n`);
}

// By file and title: Deno puts the titles of the suites before that of the test. Only Node reports
// why, so its word counts for the others, too.
function groupBySkip(skipped) {
  const keyOf = ({ file, name }) => `${file}: ${name.split(" > ").at(-1)}`;
  const onNode = skipped.filter(({ job }) => job.includes("on node"));
  const reasons = new Map(onNode.map((each) => [keyOf(each), each.reason]));
  const groups = new Map();
  for (const each of skipped) {
    const key = `${keyOf(each)} (${reasons.get(keyOf(each)) ?? each.reason})`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

// The one line that tools look for.
function close(results) {
  const count = (state) => results.filter((each) => each.state === state).length;
  const failed = count("failed");
  console.log(`${count("passed")} passed, ${failed} failed, ${count("skipped")} skipped`);
  return failed === 0 && count("passed") > 0 ? 0 : 1;
}

process.exitCode = await main();
