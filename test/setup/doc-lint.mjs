import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { programs } from "./runtimes.mjs";

/**
 * Runs `deno doc --lint` on the public entries and prints what it finds, but for one thing: it
 * calls the types of a dependency private, since it reads them from node_modules. JSR does not.
 */
function main() {
  const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const { status, stdout, stderr } = spawnSync(
    programs.deno,
    ["doc", "--lint", ...Object.values(exports)],
    { cwd: root, encoding: "utf8", env: { ...process.env, NO_COLOR: "1", RUST_BACKTRACE: "0" } },
  );
  if (status === 0) return 0;
  const findings = `${stdout}\n${stderr}`.split(/\n(?=error(?:\[|:))/).slice(1);
  const lints = findings.filter((text) => text.startsWith("error["));
  // Another kind of failure, for instance a module that is missing.
  if (lints.length === 0) {
    console.log(stdout + stderr);
    return 1;
  }
  const own = lints.filter((text) => !isAboutDependency(text));
  console.log(own.join("\n"));
  console.log(`${own.length} findings`);
  return own.length === 0 ? 0 : 1;
}

// The finding shows the line that declares the type, and not its file: it is ours if one of our
// files has that line there.
function isAboutDependency(finding) {
  if (!finding.startsWith("error[private-type-ref]")) return false;
  const declaration = /= hint:[^\n]*\n\s*\| *\n\s*(\d+) \| ([^\n]*)/.exec(finding);
  if (declaration === null) return false;
  const [, line, text] = declaration;
  return !sources().some((lines) => lines[Number(line) - 1]?.trim() === text.trim());
}

let cached;

function sources() {
  cached ??= ["src", "plugins", "proto/gen"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(root, folder, name), "utf8").split("\n"))
  );
  return cached;
}

process.exitCode = main();
