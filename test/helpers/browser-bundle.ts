import { build, type Metafile } from "esbuild";
import { gzipSync } from "node:zlib";
import { repositoryDir } from "./cache.ts";

/** What {@linkcode browserBundle} takes. */
export interface BrowserBundleOptions {
  /**
   * `split` has a file of its own for what `import()` loads later, as for a browser; `whole` is one
   * file with everything, as it is sent to an edge runtime. Default: `split`.
   */
  readonly files?: "split" | "whole";
}

/** A minified bundle. */
export interface BrowserBundle {
  /** All of the code, with what is loaded on first use. */
  readonly text: string;
  /** Its size, compressed, in bytes. */
  readonly gzipBytes: number;
  /** Size of what an import loads at once, compressed, in bytes. */
  readonly initialGzipBytes: number;
  /** What an import loads at once, as outputs of the metafile. */
  readonly initialOutputs: readonly string[];
  /** What it is made of. Its entry is `entry.ts`. */
  readonly metafile: Metafile;
}

/**
 * Bundles a module, given as its text, as for a browser or an edge runtime, where `node:` modules do
 * not resolve. Relative imports start at the root of the repository.
 */
export async function browserBundle(
  contents: string,
  { files = "split" }: BrowserBundleOptions = {},
): Promise<BrowserBundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: repositoryDir, sourcefile: "entry.ts", loader: "ts" },
    absWorkingDir: repositoryDir,
    outdir: `${repositoryDir}/bundle`,
    bundle: true,
    splitting: files === "split",
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "silent",
  });
  const initial = initialOutputs(metafile);
  const sizes = outputFiles.map(({ path, contents }) => ({
    isInitial: initial.some((name) => path === `${repositoryDir}/${name}`),
    bytes: gzipSync(contents, { level: 9 }).length,
  }));
  const sum = (list: typeof sizes) => list.reduce((bytes, size) => bytes + size.bytes, 0);
  return {
    text: outputFiles.map(({ text }) => text).join("\n"),
    gzipBytes: sum(sizes),
    initialGzipBytes: sum(sizes.filter((size) => size.isInitial)),
    initialOutputs: initial,
    metafile,
  };
}

/** The entry and what it imports statically. */
function initialOutputs({ outputs }: Metafile): readonly string[] {
  // What import() loads is marked as an entry, too.
  const entry = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === "entry.ts");
  if (entry === undefined) throw new Error("Cannot measure a bundle: it has no entry");
  const found = new Set([entry]);
  for (const name of found) {
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement") found.add(path);
    }
  }
  return [...found];
}
