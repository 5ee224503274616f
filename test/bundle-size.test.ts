import { build, type Metafile } from "esbuild";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { repositoryDir } from "./helpers/cache.ts";

interface Bundle {
  /** The size of each file, compressed. */
  readonly sizes: ReadonlyMap<string, number>;
  /** All of the code. */
  readonly text: string;
  /** What it is made of. */
  readonly metafile: Metafile;
}

/** Bundles a module as for an edge runtime or a browser, where `node:` modules do not resolve. */
async function bundle(
  contents: string,
  { splitting }: { readonly splitting: boolean },
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: repositoryDir, sourcefile: "entry.ts", loader: "ts" },
    absWorkingDir: repositoryDir,
    outdir: `${repositoryDir}/bundle`,
    bundle: true,
    splitting,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  return {
    sizes: new Map(outputFiles.map(({ path, contents }) => [path, gzippedBytes(contents)])),
    text: outputFiles.map(({ text }) => text).join("\n"),
    metafile,
  };
}

/** One file with everything, as it is sent to an edge runtime. */
function wholeBundle(contents: string): Promise<Bundle> {
  return bundle(contents, { splitting: false });
}

/** A file of its own for what `import()` loads later, as for a browser. */
function splitBundle(contents: string): Promise<Bundle> {
  return bundle(contents, { splitting: true });
}

function gzippedBytes(contents: Uint8Array): number {
  return gzipSync(contents, { level: 9 }).length;
}

/** The files that are loaded at once: the entry, and what it imports statically. */
function filesAtStart({ outputs }: Metafile): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (output: string) => {
    if (found.has(output)) return;
    found.add(output);
    for (const each of outputs[output]?.imports ?? []) {
      if (each.kind === "import-statement") add(each.path);
    }
  };
  // What import() loads is marked as an entry, too.
  const entry = Object.keys(outputs).find((output) => outputs[output]?.entryPoint === "entry.ts");
  assert.ok(entry !== undefined, `no entry in ${Object.keys(outputs)}`);
  add(entry);
  return found;
}

/** Fails, and names the largest parts, if what is loaded at once is larger than that. */
function isAtMost({ sizes, metafile }: Bundle, limitBytes: number): void {
  const files = filesAtStart(metafile);
  let bytes = 0;
  for (const file of files) bytes += sizes.get(`${repositoryDir}/${file}`) ?? NaN;
  const parts = [...files].flatMap((file) => Object.entries(metafile.outputs[file]?.inputs ?? {}))
    .map(([input, { bytesInOutput }]) => ({ input, bytesInOutput }))
    .sort((one, other) => other.bytesInOutput - one.bytesInOutput)
    .slice(0, 15)
    .map(({ input, bytesInOutput }) => `${bytesInOutput} bytes of ${input}`);
  assert.ok(
    bytes <= limitBytes,
    `${bytes} bytes of at most ${limitBytes}, compressed; before that, the largest are:\n${
      parts.join("\n")
    }`,
  );
}

/** Fails, and names who imports them, if there are modules of Node in it. */
function hasNothingOfNode({ text, metafile }: Bundle): void {
  const leaks = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ path }) => path.startsWith("node:")).map(({ path }) => `${file}: ${path}`)
  );
  assert.deepEqual(leaks, []);
  assert.doesNotMatch(text, /["'`]node:/);
}

const core = `export * from "./src/mod.ts";`;
const edge = `
  export { Client, Registry } from "./src/mod.ts";
  export { containerd } from "./plugins/containerd/mod.ts";
  export { web } from "./plugins/web/mod.ts";
`;

describe("bundle for platforms without Node", () => {
  it("grpc() cannot be in it, and the error names the module", async () => {
    await assert.rejects(
      wholeBundle(`export { grpc } from "./plugins/grpc/mod.ts";`),
      /plugins\/\S+\.ts:\S+ ERROR: Could not resolve "node:http2"/,
    );
  });

  it("Client takes at most 6 KiB until it is used", async () => {
    const bundle = await splitBundle(core);
    hasNothingOfNode(bundle);
    isAtMost(bundle, 6 * 1024);
  });

  it("Client takes at most 11 KiB in all, and brings no package", async () => {
    const bundle = await wholeBundle(core);
    const strangers = Object.keys(bundle.metafile.inputs)
      .filter((file) => file !== "entry.ts" && !file.startsWith("src/"));
    assert.deepEqual(strangers, []);
    isAtMost(bundle, 11 * 1024);
  });

  it("Client with containerd() and web() takes at most 8 KiB until it is used", async () => {
    const bundle = await splitBundle(edge);
    hasNothingOfNode(bundle);
    isAtMost(bundle, 8 * 1024);
  });

  it("Client with containerd() and web() takes at most 84 KiB in all", async () => {
    const bundle = await wholeBundle(edge);
    hasNothingOfNode(bundle);
    isAtMost(bundle, 84 * 1024);
  });
});
