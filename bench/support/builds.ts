import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { build } from "esbuild";
import { found, repositoryDir } from "../../test/helpers/cache.ts";
import { packPackage } from "../../test/helpers/packed-package.ts";

/** The library in the shapes in which it is run. */
export interface Builds {
  /**
   * Writes a module that imports the library.
   *
   * @param name Name of the file, without its ending.
   * @param build `sources`: the TypeScript files of this repository; `package`: what npm installs;
   * `bundle`: the module with all that it imports in one file, by esbuild.
   * @param text Makes the module from the specifier of each entry, such as `auto`; the core is "".
   * @returns Path of the module.
   */
  write(name: string, build: Build, text: (specifier: Specifier) => string): Promise<string>;
  /** Removes everything. */
  remove(): void;
}

/** One shape of the library. */
export type Build = "sources" | "package" | "bundle";

/** Every shape of the library. */
export const allBuilds: readonly Build[] = ["sources", "package", "bundle"];

/** Makes something for every shape. */
export async function forBuilds<T>(
  make: (build: Build) => Promise<T>,
): Promise<Readonly<Record<Build, T>>> {
  return {
    sources: await make("sources"),
    package: await make("package"),
    bundle: await make("bundle"),
  };
}

/** Gives what to import an entry from; "" is the core. */
export type Specifier = (entry: "" | "auto" | "spec") => string;

const sources: Readonly<Record<Parameters<Specifier>[0], string>> = {
  "": "src/mod.ts",
  auto: "plugins/auto/mod.ts",
  spec: "src/oci/mod.ts",
};

/** Builds and installs the package in a folder for temporary files. */
export function makeBuilds(): Builds {
  const pack = packPackage();
  process.once("exit", pack.remove);
  const folder = `${pack.consumerDir}/bench`;
  mkdirSync(folder);
  const packaged: Specifier = (entry) => entry === "" ? "libcontainerd" : `libcontainerd/${entry}`;
  return {
    async write(name, kind, text) {
      const file = `${folder}/${name}-${kind}.mjs`;
      if (kind !== "bundle") {
        const specifier: Specifier = kind === "package"
          ? packaged
          : (entry) => found(`${repositoryDir}/${sources[entry]}`);
        writeFileSync(file, text(specifier));
        return file;
      }
      await build({
        stdin: { contents: text(packaged), resolveDir: folder },
        outfile: file,
        bundle: true,
        minify: true,
        format: "esm",
        platform: "node",
        target: "es2023",
        // A few CommonJS packages, which esbuild wraps, require modules of Node.
        banner: {
          js:
            'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
        },
        logLevel: "silent",
      });
      return file;
    },
    remove: pack.remove,
  };
}
