import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "./cached-folder.mjs";
import { run } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { cache, root, toolchain } from "./paths.mjs";
import { step } from "./step.mjs";

/** The oldest Node that runs the scripts of README.md unbuilt: TypeScript, with `await using`. */
const oldestNode = 24;

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Whether node_modules holds what the lock file says, by npm's own record of what it installed. */
function matchesLock(folder, { production }) {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  const wanted = Object.entries(readJson(join(folder, "package-lock.json")).packages)
    .filter(([name, entry]) => name !== "" && !(production && entry.dev));
  return wanted.every(([name, { version, optional }]) =>
    // An optional package is for one platform: npm leaves the others out.
    installed[name] === undefined ? optional === true : installed[name].version === version
  );
}

async function install(folder, title, { production }) {
  if (matchesLock(folder, { production })) return;
  await withLock(join(cache, ".lock"), async () => {
    if (matchesLock(folder, { production })) return;
    await step(title, async () => {
      const purpose = `Cannot install the npm packages of "${folder}"`;
      const kind = production ? ["--omit=dev"] : [];
      // Not `npm ci`: that refuses a lock file without the packages for other systems, which not
      // every registry has. What was installed is compared with the lock file instead.
      const options = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
      await run("npm", [...options, ...kind], { cwd: folder, purpose });
      if (!matchesLock(folder, { production })) {
        throw new Error(`${purpose}: what npm installed differs from package-lock.json`);
      }
    });
  });
}

/**
 * Installs the npm packages of the project.
 *
 * @param {{ production: boolean }} options Whether those for development are left out.
 */
export function ensurePackages({ production }) {
  const title = production ? "npm packages (about 10 MB)" : "npm packages (about 150 MB)";
  return install(root, title, { production });
}

/** Installs the JavaScript runtimes that the tests run on. */
export function ensureToolchain() {
  const title = "npm packages: Node 22, 24 and 26, Deno, Bun, workerd, buf, rolldown (about 1 GB)";
  return install(toolchain, title, { production: false });
}

/**
 * Gives a Node that runs what README.md shows: the one that runs this if it is new enough, else that
 * of the toolchain, else a Node 24 alone is installed into the cache.
 *
 * @returns {Promise<string>} Path of the program.
 */
export async function ensureNode() {
  if (Number.parseInt(process.versions.node) >= oldestNode) return process.execPath;
  const inToolchain = join(toolchain, "node_modules/node24/bin/node");
  if (existsSync(inToolchain)) return inToolchain;
  const lock = readJson(join(toolchain, "package-lock.json"));
  const entry = lock.packages["node_modules/node24"];
  const dependencies = { node24: readJson(join(toolchain, "package.json")).dependencies.node24 };
  const folder = await cachedFolder(
    "node24",
    entry.version,
    (folder) =>
      step(`npm packages into .cache: Node ${entry.version} (about 190 MB)`, async () => {
        mkdirSync(folder, { recursive: true });
        const manifest = { name: "node-for-start", private: true, dependencies };
        const packages = { "": manifest, "node_modules/node24": entry };
        writeJson(join(folder, "package.json"), manifest);
        writeJson(join(folder, "package-lock.json"), { ...lock, name: manifest.name, packages });
        const purpose = `Cannot install Node ${entry.version}`;
        await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
          cwd: folder,
          purpose,
        });
        return { version: entry.version };
      }),
  );
  return join(folder, "node_modules/node24/bin/node");
}

function writeJson(file, value) {
  writeFileSync(file, JSON.stringify(value, null, 2));
}
