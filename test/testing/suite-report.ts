import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { execPath, type RuntimeName, runtimeName } from "../helpers/runtime.ts";
import { readJunitReport, type Result } from "../setup/reports.mjs";

/** What came of a file of tests. */
export interface SuiteReport {
  /** The results by the names of the suites. */
  readonly results: ReadonlyMap<string, readonly Result[]>;
  /** What the suites wrote of what they left, a line each. */
  readonly leftovers: readonly string[];
}

/** How a file of tests is run. */
export interface RunSuitesOptions {
  /** Default: the runtime that runs this. */
  readonly runtime?: RuntimeName;
  /** Working folder. Default: that of this process. */
  readonly cwd?: string;
}

/** Runs a file of tests in a process of its own. */
export async function runSuites(
  file: string,
  { runtime, cwd }: RunSuitesOptions = {},
): Promise<SuiteReport> {
  const kind = runtime?.replace(/\d+$/, "") ?? runtimeName();
  const folder = mkdtempSync(join(tmpdir(), "lcsuites-"));
  const report = join(folder, "report.xml");
  const leftovers = join(folder, "leftovers.txt");
  const commands: Readonly<Record<string, readonly string[]>> = {
    node: ["--test-reporter=junit", `--test-reporter-destination=${report}`, file],
    deno: ["test", "--allow-all", "--no-check", `--junit-path=${report}`, file],
    // Bun gives a test 5 s by default, and its tests a limit of their own.
    bun: ["test", "--timeout=600000", "--reporter=junit", `--reporter-outfile=${report}`, file],
  };
  // Within a test Node's runner reports to its parent, not to where it is told to.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(execPath(runtime ?? "current"), commands[kind] ?? [], {
    cwd,
    stdio: "ignore",
    env: { ...env, DENO_NO_UPDATE_CHECK: "1", LIBCONTAINERD_TEST_LEFTOVERS: leftovers },
  });
  try {
    await once(child, "exit");
    return {
      results: bySuite(readFileSync(report, "utf8"), kind),
      leftovers: existsSync(leftovers) ? readFileSync(leftovers, "utf8").trimEnd().split("\n") : [],
    };
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function bySuite(text: string, kind: string): SuiteReport["results"] {
  const suites = new Map<string, Result[]>();
  for (const { suite, name, state } of kind === "deno" ? ofDeno(text) : ofOthers(text)) {
    suites.set(suite, [...suites.get(suite) ?? [], { name, state }]);
  }
  return suites;
}

type SuiteResult = Result & { readonly suite: string };

/** Deno names the suite before the test; by itself, where what comes before the tests failed. */
function ofDeno(text: string): readonly SuiteResult[] {
  return readJunitReport(text).map((result) => {
    const [suite = "", name = "before()"] = result.name.split(" > ");
    return { ...result, suite, name };
  });
}

/** Node and Bun put the tests into their suite. */
function ofOthers(text: string): readonly SuiteResult[] {
  const parts = /<testsuite\b[^>]*|<testcase\b[^>]*?(?:\/>|>[\s\S]*?<\/testcase>)/g;
  let suite = "";
  return [...text.matchAll(parts)].flatMap(([part]) => {
    if (part.startsWith("<testsuite")) suite = /\bname="([^"]*)"/.exec(part)?.[1] ?? "";
    // Node escapes what is escaped already.
    return readJunitReport(part).map((result) => ({
      ...result,
      suite,
      name: result.name.replaceAll("&quot;", '"'),
    }));
  });
}
