import { join } from "node:path";
import { toolchain } from "./paths.mjs";

const installed = join(toolchain, "node_modules");

/** One test of the slowest kind may take this long. */
const testBudgetMs = 120_000;

/** Where each runtime's program is. */
export const programs = {
  node24: join(installed, "node24/bin/node"),
  deno: join(installed, "@deno/linux-x64-glibc/deno"),
  bun: join(installed, "@oven/bun-linux-x64/bin/bun"),
  node22: join(installed, "node22/bin/node"),
  node26: join(installed, "node26/bin/node"),
};

/** Names of the runtimes, the first ones first. */
export const runtimeNames = Object.keys(programs);

/** What a stress run adds: tests repeat more, so each takes longer. */
export const stressFactor = process.env.LIBCONTAINERD_STRESS === "1" ? 10 : 1;

/**
 * The command that runs one test file with the runtime's own test runner.
 *
 * @param {string} runtime
 * @param {string} file The test file.
 * @param {string} report Where the runner's report goes.
 * @returns {readonly string[]} Program and arguments.
 */
export function testCommand(runtime, file, report) {
  const program = programs[runtime];
  const budgetMs = testBudgetMs * stressFactor;
  if (runtime === "deno") {
    return [program, "test", "--allow-all", "--no-check", `--junit-path=${report}`, file];
  }
  if (runtime === "bun") {
    const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
    return [program, "test", `--timeout=${budgetMs}`, ...reporter, `./${file}`];
  }
  return [
    program,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./test/setup/node-reporter.mjs",
    `--test-reporter-destination=${report}`,
    `--test-timeout=${budgetMs}`,
    file,
  ];
}
