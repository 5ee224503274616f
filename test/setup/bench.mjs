import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "./prepare.mjs";
import { cpus } from "node:os";
import { root } from "./paths.mjs";
import { programs } from "./runtimes.mjs";

const readme = join(root, "README.md");
const markers = ["<!-- bench:begin -->", "<!-- bench:end -->"];

/**
 * Runs the benchmarks, each in a process of its own beside a private containerd, and prints their
 * tables: `npm run bench -- [--runtime NAME]... [--write] [bench]...`. With `--write` the tables go
 * into README.md as well.
 */
async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runtime: { type: "string", multiple: true }, write: { type: "boolean" } },
  });
  const runtimes = values.runtime ?? ["node24", "deno", "bun"];
  const unknown = runtimes.find((name) => programs[name] === undefined);
  if (unknown !== undefined) {
    throw new Error(`Cannot run benchmarks on "${unknown}": unknown runtime`);
  }
  const benches = readdirSync(join(root, "bench")).sort()
    .filter((name) => existsSync(join(root, "bench", name, "run.ts")))
    .filter((name) => positionals.length === 0 || positionals.includes(name));
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
  const text = tables(rows);
  console.log(`\n${text}`);
  if (values.write && failures === 0) writeIntoReadme(text);
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

/** One table for each benchmark, a row for each case and runtime. */
function tables(rows) {
  const versions = `Node ${versionOf("node24")}, Deno ${versionOf("deno")}, Bun ${
    versionOf("bun")
  }`;
  const machine = `Medians on ${cpus().length} processors (${
    cpus()[0]?.model.trim() ?? "unknown"
  }), ${versions}.`;
  const parts = [...new Set(rows.map((row) => row.bench))].map((bench) => {
    const own = rows.filter((row) => row.bench === bench);
    const lines = own.map(({ case: name, runtime, ours, peer, ratio, unit }) =>
      `| ${name} | ${runtime} | ${number(ours)} | ${number(peer)} | ${number(ratio)} | ${unit} |`
    );
    const head =
      "| case | runtime | ours | peer | ratio | unit |\n| --- | --- | ---: | ---: | ---: | --- |";
    return `**${bench}**\n\n${head}\n${lines.join("\n")}`;
  });
  return [machine, ...parts].join("\n\n");
}

function versionOf(runtime) {
  const dependencies = JSON.parse(
    readFileSync(join(root, "test/setup/toolchain/package.json"), "utf8"),
  ).dependencies;
  const names = { node24: "node24", deno: "@deno/linux-x64-glibc", bun: "@oven/bun-linux-x64" };
  return dependencies[names[runtime]].split("@").at(-1);
}

function number(value) {
  if (typeof value !== "number") return value ?? "";
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

function writeIntoReadme(text) {
  const [begin, end] = markers;
  const old = readFileSync(readme, "utf8");
  const [head, tail] = [old.split(begin)[0], old.split(end)[1]];
  if (!old.includes(begin) || tail === undefined) {
    throw new Error(`Cannot write tables into "README.md": no lines "${begin}" and "${end}"`);
  }
  writeFileSync(readme, `${head}${begin}\n\n${text}\n\n${end}${tail}`);
  console.log("Wrote the tables into README.md");
}

process.exitCode = await main().catch((error) => {
  console.error(error.message);
  return 1;
});
