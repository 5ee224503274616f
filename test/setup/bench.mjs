import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "./command.mjs";
import { summary, tables } from "./figures.mjs";
import { prepare } from "./prepare.mjs";
import { root } from "./paths.mjs";
import { programs } from "./runtimes.mjs";

const readme = join(root, "README.md");
const markers = ["<!-- bench:begin -->", "<!-- bench:end -->"];
const figures = join(root, "bench", "FIGURES.md");
const measuredRuntimes = ["node24", "deno", "bun"];

/**
 * Runs the benchmarks, each in a process of its own beside a private containerd, and prints their
 * tables: `npm run bench -- [--runtime NAME]... [--write] [bench]...`. With `--write`, which takes
 * all of them, the tables go into bench/FIGURES.md and their summary into README.md.
 */
async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runtime: { type: "string", multiple: true }, write: { type: "boolean" } },
  });
  const runtimes = values.runtime ?? measuredRuntimes;
  const unknown = runtimes.find((name) => programs[name] === undefined);
  if (unknown !== undefined) {
    throw new Error(`Cannot run benchmarks on "${unknown}": unknown runtime`);
  }
  const benches = readdirSync(join(root, "bench")).sort()
    .filter((name) => existsSync(join(root, "bench", name, "run.ts")))
    .filter((name) => positionals.length === 0 || positionals.includes(name));
  if (values.write && (positionals.length > 0 || values.runtime !== undefined)) {
    throw new Error("Cannot write a part of the figures: leave out benchmarks and runtimes");
  }
  if (benches.length === 0) throw new Error("Cannot find a benchmark: no bench/*/run.ts matches");
  await prepare();
  const rows = [];
  let failures = 0;
  for (const bench of benches) {
    for (const runtime of runtimes) {
      console.log(`${bench} on ${runtime} ...`);
      const { code, results } = await runBench(bench, runtime);
      rows.push(...results.map((row) => ({ ...row, runtime, bench })));
      if (code === 0 && results.length > 0) continue;
      failures++;
      console.log(`FAILED ${bench} on ${runtime}: exit code ${code}, ${results.length} rows`);
    }
  }
  console.log(`\n${machine()}\n\n${tables(rows)}`);
  if (values.write && failures === 0) await write(rows);
  return failures === 0 ? 0 : 1;
}

function runBench(bench, runtime) {
  const program = programs[runtime];
  const script = join("bench", bench, "run.ts");
  const permissions = runtime === "deno" ? ["run", "--allow-all", "--quiet"] : [];
  // The address is only known beside the daemon, so a shell puts it into the arguments.
  const shell = ["sh", "-c", 'exec "$@" --address "$CONTAINERD_ADDRESS"', "sh"];
  const command = [...shell, program, ...permissions, script];
  const child = spawn(programs.node24, ["test/setup/with-daemon.ts", ...command], {
    cwd: root,
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const results = [];
  const forward = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, forward);
  let rest = "";
  const take = (line) => {
    if (line.startsWith("BENCH ")) results.push(JSON.parse(line.slice("BENCH ".length)));
    else if (line !== "") console.log(`  ${line}`);
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, forward);
      take(rest);
      resolve({ code, results });
    });
  });
}

/** On what was measured, in a line. */
function machine() {
  const [node, deno, bun] = measuredRuntimes.map(versionOf);
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const versions = `Node ${node}, Deno ${deno}, Bun ${bun}`;
  return `Medians on ${cpus().length} processors (${model}), ${versions}.`;
}

function versionOf(runtime) {
  const dependencies = JSON.parse(
    readFileSync(join(root, "test/setup/toolchain/package.json"), "utf8"),
  ).dependencies;
  const names = { node24: "node24", deno: "@deno/linux-x64-glibc", bun: "@oven/bun-linux-x64" };
  return dependencies[names[runtime]].split("@").at(-1);
}

async function write(rows) {
  const [begin, end] = markers;
  const old = readFileSync(readme, "utf8");
  const [head, tail] = [old.split(begin)[0], old.split(end)[1]];
  if (!old.includes(begin) || tail === undefined) {
    throw new Error(`Cannot write a summary into "README.md": no lines "${begin}" and "${end}"`);
  }
  writeFileSync(figures, `${figuresHead}\n\n${machine()}\n\n${tables(rows)}\n`);
  writeFileSync(readme, `${head}${begin}\n\n${machine()}\n\n${summary(rows)}\n\n${end}${tail}`);
  await run(programs.deno, ["fmt", "--quiet", figures, readme], { cwd: root });
  console.log("Wrote bench/FIGURES.md and the summary in README.md");
}

const figuresHead = `# Figures

Written by \`npm run bench -- --write\`; README.md has the summary. Ratios are medians of those of
ours to a peer in the same round; lower is better for time, higher for throughput (MB/s).`;

process.exitCode = await main().catch((error) => {
  console.error(error.message);
  return 1;
});
