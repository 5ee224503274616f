import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";

/** How large a module is in a bundle, minified and gzipped. */
export interface BundleSize {
  /** What importing it loads, in bytes. */
  readonly initialBytes: number;
  /** That and what is loaded later, on first use, in bytes. */
  readonly totalBytes: number;
}

/** Bundles a module for a browser and measures the result. */
export async function bundleSize(file: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    outdir: "out",
    bundle: true,
    splitting: true,
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
    isInitial: initial.some((name) => path.endsWith(`/${name}`)),
    bytes: gzipSync(contents, { level: 9 }).length,
  }));
  const sum = (list: typeof sizes) => list.reduce((bytes, size) => bytes + size.bytes, 0);
  return { initialBytes: sum(sizes.filter((size) => size.isInitial)), totalBytes: sum(sizes) };
}

/** The entry and what it imports statically, as paths in the output. */
function initialOutputs({ outputs }: Metafile): readonly string[] {
  const entry = Object.keys(outputs).find((name) => outputs[name]?.entryPoint !== undefined);
  if (entry === undefined) throw new Error("Cannot measure a bundle: it has no entry");
  const found = new Set([entry]);
  for (const name of found) {
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement") found.add(path);
    }
  }
  return [...found];
}
