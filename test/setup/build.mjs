import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { root } from "./paths.mjs";
import { toolEnvironment } from "./checks.mjs";
import { parsedDescriptors } from "./parsed-descriptors.mjs";

const packages = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/**
 * Makes `dist`, or the folder that is given: what npm installs. One module for each entry, with what they share and what is
 * loaded later in files of their own, and the types.
 *
 * What the entries import from other packages is bundled with them: loading two hundred small
 * modules costs a script more than starting a container does.
 */
async function main() {
  const dist = resolve(process.argv[2] ?? join(root, "dist"));
  rmSync(dist, { recursive: true, force: true });
  const args = ["-p", root, "--emitDeclarationOnly", "--outDir", join(dist, "types")];
  const env = { ...process.env, ...toolEnvironment };
  const { status, error } = spawnSync("tsc", args, { stdio: "inherit", env });
  if (error) throw error;
  if (status !== 0) return 1;
  const inputs = await bundle(dist);
  writeFileSync(join(dist, "THIRD_PARTY_LICENSES.txt"), licenses(inputs));
  return 0;
}

async function bundle(dist) {
  const { exports } = JSON.parse(read("deno.json"));
  const entries = Object.entries(exports).map(([name, source]) => {
    return [name === "." ? "mod" : name.slice(2), join(root, source)];
  });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries),
    outdir: dist,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    legalComments: "none",
    plugins: [parsedDescriptors()],
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(metafile.inputs);
}

/** What is bundled and under which licenses, with the notices and texts that these ask for. */
function licenses(inputs) {
  const bundled = new Map();
  for (const input of inputs) {
    const [folder, name] = packages.exec(input) ?? [];
    if (name !== undefined && !bundled.has(name)) bundled.set(name, { folder, input });
  }
  const notices = [...bundled].toSorted(([a], [b]) => a < b ? -1 : 1).map(([name, source]) => {
    const { version, license } = JSON.parse(read(join(source.folder, "package.json")));
    return `${name} ${version} (${license})\n\n${notice(source)}`;
  });
  // Packages that only refer to it do not bring its text along.
  return [...notices, read("node_modules/typescript/LICENSE").trim()].join(
    `\n\n${"-".repeat(80)}\n\n`,
  ) + "\n";
}

/** The license text of a package, or else what the head of its files says. */
function notice({ folder, input }) {
  const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
  if (file !== undefined) return read(join(folder, file)).trim();
  const head = /^(?:\/\/.*\n)+/.exec(read(input))?.[0];
  if (head === undefined) throw new Error(`Cannot find the license of "${folder}": no notice`);
  return head.replace(/^\/\/ ?/gm, "").trim();
}

function read(file) {
  return readFileSync(join(root, file), "utf8");
}

process.exitCode = await main();
