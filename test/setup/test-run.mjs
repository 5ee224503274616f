import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { toolEnvironment } from "./checks.mjs";
import { cache, root } from "./paths.mjs";
import { runInGroup } from "./process-group.mjs";
import { Progress } from "./progress.mjs";
import { readJunitReport, readNodeReport, skipReasonIn } from "./reports.mjs";
import { stressFactor, testCommand } from "./runtimes.mjs";

const fileBudgetMs = 900_000 * stressFactor;
const keptRuns = 10;

/** One run of checks and test jobs, some at a time. */
export class TestRun {
  /** Results of all that ended: `{ job, name, state, reason }`. */
  results = [];
  /** Folder of the logs of this run. */
  logs;
  #progress = new Progress();

  constructor() {
    const all = join(cache, "logs");
    mkdirSync(all, { recursive: true });
    const started = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
    this.logs = join(all, `${started}-${process.pid}`);
    mkdirSync(this.logs);
    const runs = readdirSync(all).filter((name) => name !== "latest").sort();
    for (const name of runs.slice(0, -keptRuns)) rmSync(join(all, name), { recursive: true });
    rmSync(join(all, "latest"), { force: true });
    symlinkSync(this.logs, join(all, "latest"));
  }

  /**
   * Runs checks and the files of test jobs, as many at a time as there are processors.
   *
   * @param {readonly { name: string, commands: string[][] }[]} checks
   * @param {readonly { name: string, runtime: string, version: string, files: string[] }[]} jobs
   */
  async run(checks, jobs) {
    const tasks = [
      ...checks.map((check) => () => this.#runCheck(check)),
      ...jobs.flatMap((job) => this.#tasksOf(job)),
    ];
    this.#progress.start();
    try {
      const workers = Array.from({ length: Math.max(2, cpus().length) }, async () => {
        for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task();
      });
      await Promise.all(workers);
    } finally {
      this.#progress.stop();
    }
  }

  async #runCheck({ name, commands }) {
    const job = `check: ${name}`;
    const log = join(this.logs, `${fileName(job)}.log`);
    this.#progress.update(job, "");
    let failure;
    for (const command of commands) {
      this.#progress.update(job, command.slice(0, 2).join(" "));
      const options = { log, env: toolEnvironment, budgetMs: fileBudgetMs };
      const { code, problem } = await runInGroup(command, options);
      if (code === 0 && problem === undefined) continue;
      failure = `${command.join(" ")}: ${problem ?? `exit code ${code}`}`;
      break;
    }
    this.results.push({ job, name, state: failure === undefined ? "passed" : "failed" });
    this.#progress.finish(job, failure === undefined ? "passed" : "FAILED");
    if (failure !== undefined) this.#printLog(job, failure, log);
  }

  #tasksOf(job) {
    mkdirSync(join(this.logs, fileName(job.name)), { recursive: true });
    const own = [];
    let ended = 0;
    return job.files.map((file) => async () => {
      this.#progress.update(job.name, `${ended} of ${job.files.length} files, ${file}`);
      own.push(...await this.#runFile(job, file));
      ended++;
      if (ended < job.files.length) return;
      const failed = own.filter((each) => each.state === "failed").length;
      const detail = `: ${own.length} tests in ${ended} files`;
      this.#progress.finish(job.name, failed === 0 ? "passed" : "FAILED", detail);
    });
  }

  async #runFile(job, file) {
    const log = join(this.logs, fileName(job.name), `${fileName(file)}.log`);
    const report = log.replace(/log$/, "report");
    const { code, problem } = await runInGroup(testCommand(job.runtime, file, report), {
      log,
      env: {
        LIBCONTAINERD_TEST_CONTAINERD: job.version,
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
      },
      budgetMs: fileBudgetMs,
    });
    const results = this.#read(job, file, report);
    const failed = results.some((each) => each.state === "failed");
    // What a crash took with it is no pass, nor is a file without tests.
    const failure = problem ??
      (code !== 0 && !failed
        ? `exit code ${code}, though no test failed`
        : results.length === 0
        ? "reported no test"
        : undefined);
    if (failure !== undefined) {
      results.push({ job: job.name, name: `${file}: ${failure}`, state: "failed" });
    }
    this.results.push(...results);
    if (failed || failure !== undefined) this.#printLog(`${job.name}, ${file}`, failure, log);
    return results;
  }

  #read(job, file, report) {
    let text;
    try {
      text = readFileSync(report, "utf8");
    } catch {
      return [];
    }
    const isNode = job.runtime.startsWith("node");
    const results = isNode ? readNodeReport(text) : readJunitReport(text);
    const source = readFileSync(join(root, file), "utf8");
    return results.map((result) => ({
      ...result,
      job: job.name,
      file,
      ...(result.state === "skipped" && result.reason === undefined
        ? { reason: skipReasonIn(source, result.name) ?? "no reason given" }
        : {}),
    }));
  }

  #printLog(title, failure, log) {
    const text = readFileSync(log, "utf8").trimEnd();
    const head = `---- ${title}${failure === undefined ? "" : `: ${failure}`}`;
    this.#progress.print(`${head}\n${text}\n---- end of ${log}`);
  }
}

function fileName(text) {
  return text.replaceAll(/[^A-Za-z0-9.]+/g, "-");
}
