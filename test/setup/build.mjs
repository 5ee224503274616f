import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { toolEnvironment } from "./checks.mjs";
import { ensurePackages, ensureToolchain } from "./npm-packages.mjs";
import { root, toolchain } from "./paths.mjs";

const packages = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/**
 * Files that hold what most scripts load together, the first that fits, with all that they import.
 * What only some scripts load gets files of its own.
 */
const groups = [
  { name: "connect", files: /(?:^|\/)node_modules\/(?:@bufbuild|@connectrpc)\// },
  { name: "core", files: /^src\/(?!oci\/)/ },
  { name: "spec", files: /^src\/oci\// },
  { name: "containerd", files: /^plugins\/(?:rpc|containerd\/(?:mod|runtime))\b/ },
  { name: "local", files: /^plugins\/(?:auto\/(?!supervision)|grpc|unix|fifo)\// },
];

/**
 * Makes `dist`, or the folder that is given: what npm installs. A module for each entry, what they
 * share in files of its own, and the types.
 *
 * What the entries import from other packages is bundled with them: loading two hundred small
 * modules costs a script more than starting a container does.
 */
async function main() {
  await ensurePackages({ production: false });
  await ensureToolchain();
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
  const entry = pathToFileURL(join(toolchain, "node_modules/rolldown/dist/index.mjs"));
  const { rolldown } = await import(entry.href);
  // Needs what is installed above.
  const { parsedDescriptors } = await import("./parsed-descriptors.mjs");
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries),
    platform: "node",
    plugins: [parsedDescriptors(root)],
    // In a bundle for the edge they are loaded later; here one group takes them in.
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await build.write({
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
    comments: { legal: false, jsdoc: false, annotation: true },
    codeSplitting: {
      groups: groups.map(({ name, files }, index) => ({
        name,
        test: (id) => files.test(relative(root, id)),
        priority: groups.length - index,
      })),
    },
  });
  return output.flatMap(({ modules = {} }) => Object.keys(modules));
}

/** What is bundled and under which licenses, with the notices and texts that these ask for. */
function licenses(inputs) {
  const bundled = new Map();
  for (const input of inputs.map((each) => relative(root, each))) {
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
