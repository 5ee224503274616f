import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { repositoryDir } from "./helpers/cache.ts";
import { importsOf, waysTo } from "./helpers/import-graph.ts";
import { type PackedPackage, packPackage, runTool } from "./helpers/packed-package.ts";
import { allRuntimes, runScript } from "./helpers/runtime.ts";
import { runSuites } from "./testing/suite-report.ts";

/** What loads where there is no Node at all. */
const edgeModules = [
  "",
  "/runtime",
  "/spec",
  "/stats",
  "/containerd",
  "/memory",
  "/recorder",
  "/rpc",
  "/web",
]
  .map((name) => `libcontainerd${name}`);

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} kB`;
}

describe("the npm package", () => {
  let pack: PackedPackage;
  before(() => {
    pack = packPackage();
  });
  after(() => pack?.remove());

  it("the npm package holds built modules with their types, and no sources or tests", (t) => {
    t.diagnostic(`${pack.files.length} files, tarball ${kilobytes(pack.tarballBytes)}`);
    const outside = pack.files.filter((file) =>
      !/^(package\.json|README\.md|LICENSE|dist\/(types\/.*\.d\.ts|[a-z]+\.js|chunks\/[\w-]+\.js|THIRD_PARTY_LICENSES\.txt))$/
        .test(file)
    );
    assert.deepEqual(outside, []);
    for (const name of ["LICENSE", "README.md", "dist/mod.js", "dist/types/src/mod.d.ts"]) {
      assert.ok(pack.files.includes(name), `${name} is missing`);
    }
  });

  it("the npm package's modules for the edge reach nothing but its own files", () => {
    const folder = `${pack.consumerDir}/node_modules/libcontainerd/`;
    const scripts = pack.files.filter((file) => file.endsWith(".js"));
    const graph = scripts.flatMap((file) => importsOf(file, readFileSync(folder + file, "utf8")));
    const entries = edgeModules.map((name) =>
      name === "libcontainerd" ? "dist/mod.js" : name.replace("libcontainerd", "dist") + ".js"
    );
    assert.deepEqual(entries.filter((file) => !scripts.includes(file)), []);
    assert.deepEqual(waysTo(graph, entries, (to) => !scripts.includes(to)), []);
    assert.notDeepEqual(waysTo(graph, ["dist/auto.js"], (to) => to.startsWith("node:")), []);
  });

  it("the npm package tells the licenses of all that is bundled with it", () => {
    const folder = `${pack.consumerDir}/node_modules/libcontainerd`;
    const text = readFileSync(`${folder}/dist/THIRD_PARTY_LICENSES.txt`, "utf8");
    for (const name of ["@bufbuild/protobuf", "@connectrpc/connect", "tar"]) {
      assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
    }
    assert.match(text, /TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION/);
  });

  it("the npm package gives the same exports on every runtime", async () => {
    const script = `${pack.consumerDir}/exports.mjs`;
    const lines = pack.modules.map((name) =>
      `found[${JSON.stringify(name)}] = Object.keys(await import(${JSON.stringify(name)})).sort();`
    );
    writeFileSync(
      script,
      `const found = {};\n${lines.join("\n")}\nconsole.log(JSON.stringify(found));\n`,
    );
    const outputs = new Map<string, string>();
    for (const runtime of allRuntimes) {
      const { code, stdout, stderr } = await runScript(runtime, script, [], {
        cwd: pack.consumerDir,
      });
      assert.equal(code, 0, `${runtime}: ${stderr}`);
      outputs.set(runtime, stdout);
    }
    const [[, first = ""] = []] = outputs;
    for (const [runtime, output] of outputs) assert.equal(output, first, runtime);
    const found: Record<string, readonly string[]> = JSON.parse(first);
    assert.deepEqual(Object.keys(found), pack.modules);
    const empty = Object.keys(found).filter((name) => found[name]?.length === 0);
    assert.deepEqual(empty, ["libcontainerd/stats"], "an entry of types alone has no exports");
    assert.ok(found["libcontainerd"]?.includes("Client"));
  });

  it("the npm package lets a third party's plugin pass the contract suite on every runtime", async () => {
    installExamplePlugin(pack);
    const file = `${pack.consumerDir}/host-runtime.test.ts`;
    for (const runtime of allRuntimes) {
      const { results } = await runSuites(file, { runtime, cwd: pack.consumerDir });
      const all = results.get("contract of host processes") ?? [];
      const failed = all.filter(({ state }) => state === "failed").map(({ name }) => name);
      assert.deepEqual(failed, [], runtime);
      assert.ok(all.length > 80, `${runtime}: ${all.length} tests`);
    }
  });

  for (const resolution of ["nodenext", "bundler"] as const) {
    it(`the npm package type-checks in a strict project (${resolution})`, () => {
      checkConsumer(pack, pack.modules, { resolution, types: ["node"] });
    });

    it(`the npm package's modules for the edge type-check without Node's types (${resolution})`, () => {
      checkConsumer(pack, edgeModules, { resolution, types: [] });
    });
  }

  it("the npm package takes the streams of Node where the browser's types are not there", () => {
    compileConsumer(
      pack,
      `import { Readable, Writable } from "node:stream";
import type { Client, Process } from "libcontainerd";
import { processSpec } from "libcontainerd/spec";
export async function exec(client: Client): Promise<void> {
  const process_: Process = await client.exec("web", "shell", processSpec({ args: ["sh"] }), {
    stdio: {
      stdin: Readable.toWeb(process.stdin),
      stdout: Writable.toWeb(process.stdout),
      stderr: new TextDecoderStream().writable,
    },
  });
  await process_.wait();
}
`,
      { module: "nodenext", lib: ["es2024", "esnext.disposable"], types: ["node"] },
    );
  });
});

/** Puts the example plugin and its test where a third party has them, importing the package. */
function installExamplePlugin({ consumerDir }: PackedPackage): void {
  const plugin = `${repositoryDir}/examples/plugin`;
  const files = readdirSync(plugin).map((name) => [`${plugin}/${name}`, `plugin/${name}`]);
  const contract = `${repositoryDir}/test/testing/host-contract.ts`;
  mkdirSync(`${consumerDir}/plugin`);
  for (const [from = "", to = ""] of [...files, [contract, "host-contract.ts"]]) {
    const text = readFileSync(from, "utf8")
      .replaceAll('"../../src/mod.ts"', '"libcontainerd"')
      .replaceAll('"../../src/runtime.ts"', '"libcontainerd/runtime"')
      .replaceAll('"../../plugins/testing/mod.ts"', '"libcontainerd/testing"')
      .replaceAll('"../../examples/plugin/', '"./plugin/');
    assert.doesNotMatch(text, /"\.\.\//, `${from} imports what is not public`);
    writeFileSync(`${consumerDir}/${to}`, text);
  }
  const test = `import { hostContract } from "./host-contract.ts";\nhostContract();\n`;
  writeFileSync(`${consumerDir}/host-runtime.test.ts`, test);
}

/** Compiles a user's program that imports these modules, with all checks and no `skipLibCheck`. */
function checkConsumer(
  pack: PackedPackage,
  modules: readonly string[],
  options: { readonly resolution: "nodenext" | "bundler"; readonly types: readonly string[] },
): void {
  const imports = modules.map((name, index) =>
    `import * as m${index} from "${name}";\nvoid m${index};`
  );
  const program = `${imports.join("\n")}
import { Client } from "libcontainerd";
import type { Runtime } from "libcontainerd/runtime";
export async function version(client: Client, runtime: Runtime): Promise<string> {
  await client[Symbol.asyncDispose]();
  return (await runtime.version()).version;
}
`;
  compileConsumer(pack, program, {
    module: options.resolution === "bundler" ? "esnext" : "nodenext",
    moduleResolution: options.resolution,
    lib: ["es2022", "dom", "dom.iterable"],
    types: options.types,
  });
}

function compileConsumer(
  { consumerDir }: PackedPackage,
  program: string,
  options: Readonly<Record<string, unknown>>,
): void {
  const compilerOptions = { target: "es2022", strict: true, noEmit: true, ...options };
  writeFileSync(`${consumerDir}/main.ts`, program);
  const config = { compilerOptions, files: ["main.ts"] };
  writeFileSync(`${consumerDir}/tsconfig.json`, JSON.stringify(config));
  runTool("tsc", ["-p", consumerDir], consumerDir);
}
