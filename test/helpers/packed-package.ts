import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { repositoryDir, toolchainDir } from "./cache.ts";

/** The npm package as a user gets it. */
export interface PackedPackage {
  /** Folder of a project that has it installed. */
  readonly consumerDir: string;
  /** The files in the tarball. */
  readonly files: readonly string[];
  /** Size of the tarball, in bytes. */
  readonly tarballBytes: number;
  /** Names of its exports, for instance `libcontainerd/auto`. */
  readonly modules: readonly string[];
  /** Removes everything. */
  remove(): void;
}

/** Builds and packs the package beside the repository, and installs the tarball into a project. */
export function packPackage(): PackedPackage {
  const base = mkdtempSync("/tmp/lcpackage-");
  try {
    const sourceDir = `${base}/source`;
    mkdirSync(sourceDir);
    for (const name of ["package.json", "README.md", "LICENSE"]) {
      if (existsSync(`${repositoryDir}/${name}`)) {
        cpSync(`${repositoryDir}/${name}`, `${sourceDir}/${name}`);
      }
    }
    runTool("node", ["test/setup/build.mjs", `${sourceDir}/dist`], repositoryDir);
    const [packed] = JSON.parse(
      runTool("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", base], sourceDir),
    );
    const consumerDir = `${base}/consumer`;
    install(`${base}/${packed.filename}`, consumerDir);
    const manifest = JSON.parse(readFileSync(`${sourceDir}/package.json`, "utf8"));
    return {
      consumerDir,
      files: packed.files.map((file: { path: string }) => file.path),
      tarballBytes: packed.size,
      modules: Object.keys(manifest.exports).filter((name) => name !== "./package.json")
        .map((name) => `libcontainerd${name.slice(1)}`),
      remove: () => rmSync(base, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(base, { recursive: true, force: true });
    throw error;
  }
}

/** Runs a program of the project's development dependencies and gives its output. */
export function runTool(name: string, args: readonly string[], cwd: string): string {
  const path = `${repositoryDir}/node_modules/.bin:${toolchainDir}/node24/bin:${
    process.env["PATH"]
  }`;
  try {
    return execFileSync(name, args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, PATH: path },
      stdio: "pipe",
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`"${name} ${args.join(" ")}" fails:\n${stdout ?? ""}${stderr ?? error}`);
  }
}

// As npm would lay it out, but with the dependencies that are here already: a test needs no network.
function install(tarball: string, consumerDir: string): void {
  const installed = `${consumerDir}/node_modules/libcontainerd`;
  mkdirSync(installed, { recursive: true });
  writeFileSync(`${consumerDir}/package.json`, JSON.stringify({ private: true, type: "module" }));
  execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
  const { dependencies } = JSON.parse(readFileSync(`${installed}/package.json`, "utf8"));
  // The types of Node belong to the project that uses it.
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    const link = `${consumerDir}/node_modules/${name}`;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(`${repositoryDir}/node_modules/${name}`, link);
  }
}
