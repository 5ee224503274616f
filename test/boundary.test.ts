import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { repositoryDir } from "./helpers/cache.ts";
import {
  computed,
  importGraph,
  importsOf,
  sourceFiles,
  textOf,
  waysTo,
} from "./helpers/import-graph.ts";

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<
    Record<string, string | { readonly types: string; readonly default: string }>
  >;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

const npm: Manifest = JSON.parse(textOf("package.json"));
const jsr: Manifest = JSON.parse(textOf("deno.json"));
const graph = importGraph("src", "plugins", "proto/gen");
const plugins = readdirSync(`${repositoryDir}/plugins`);

/** What a bundle for an edge runtime may hold. */
const edgePlugins = ["containerd", "memory", "recorder", "rpc", "web"];
const edgeFolders = edgePlugins.filter((name) => plugins.includes(name)).map((name) =>
  `plugins/${name}`
);
const edgeFiles = sourceFiles("src", ...edgeFolders);
const edgePackages = ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-web"];

/** Where an import is computed, so that other runtimes and bundlers do not resolve it. */
const computedImports = ["plugins/fifo/natives.ts"];

/** Holds tests, which nothing that is no test may load. */
const testSuite = "testing";

/** Which plugin may know which others; `auto` knows all, and who is not here knows none. */
const acquaintances: Readonly<Record<string, readonly string[]>> = {
  auto: plugins.filter((name) => name !== testSuite),
  containerd: ["rpc"],
  grpc: ["rpc", "unix", "tcp"],
  // Replays recordings in memory.
  recorder: ["memory"],
  // Asks the daemon over gRPC; what the system says of files it tells as the streams do.
  supervisor: ["fifo", "grpc", "rpc", "unix"],
  // One kind of socket, two kinds of address.
  tcp: ["unix"],
  ttrpc: ["rpc", "unix"],
  web: ["rpc"],
};

function isFile(target: string): boolean {
  return target.startsWith("src/") || target.startsWith("plugins/") || target.startsWith("proto/");
}

function packageOf(target: string): string {
  return target.split("/").slice(0, target.startsWith("@") ? 2 : 1).join("/");
}

function pluginOf(file: string): string | undefined {
  return /^plugins\/([^/]+)\//.exec(file)?.[1];
}

function describeImports(
  imports: readonly { from: string; to: string; kind: string }[],
): readonly string[] {
  return imports.map(({ from, to, kind }) => `${from} -> ${to} (${kind})`);
}

describe("src", () => {
  it("src imports nothing but src, not even a type", () => {
    const own = graph.filter((each) => each.from.startsWith("src/"));
    assert.ok(own.length > 0);
    assert.deepEqual(describeImports(own.filter((each) => !each.to.startsWith("src/"))), []);
  });
});

describe("plugins", () => {
  for (const name of edgePlugins) {
    it(`plugins/${name} never reaches node:, not even lazily`, () => {
      assert.ok(plugins.includes(name));
      const files = sourceFiles(`plugins/${name}`);
      assert.deepEqual(waysTo(graph, files, (target) => target.startsWith("node:")), []);
    });
  }

  it("plugins for the edge reach no package but those that run there", () => {
    const isForbidden = (target: string) =>
      !isFile(target) && !target.startsWith("node:") && !edgePackages.includes(packageOf(target));
    assert.deepEqual(waysTo(graph, edgeFiles, isForbidden), []);
  });

  it("plugins know each other only as the table allows", () => {
    const foreign = graph.filter(({ from, to }) => {
      const [own, other] = [pluginOf(from), pluginOf(to)];
      if (own === undefined || other === undefined || own === other) return false;
      return !(acquaintances[own] ?? []).includes(other);
    });
    assert.deepEqual(describeImports(foreign), []);
  });

  it("plugins/testing is known to no other plugin, and needs nothing but src and node:", () => {
    const folder = `plugins/${testSuite}/`;
    const inside = (path: string) => path.startsWith(folder);
    const known = graph.filter(({ from, to }) => inside(to) && !inside(from));
    assert.deepEqual(describeImports(known), []);
    const needed = graph.filter(({ from, to }) =>
      inside(from) && !inside(to) && !to.startsWith("src/") && !to.startsWith("node:")
    );
    assert.deepEqual(describeImports(needed), []);
  });

  it("plugins import files of src, plugins and proto/gen that exist, and declared packages", () => {
    // The last two are bundled, and no type that is public is theirs: who installs the package
    // does not need them.
    const declared = [...Object.keys(npm.dependencies ?? {}), "@connectrpc/connect-web", "tar"];
    const wrong = graph.filter(({ to }) => {
      if (to.startsWith("node:") || to === computed) return false;
      return isFile(to) ? !existsSync(`${repositoryDir}/${to}`) : !declared.includes(packageOf(to));
    });
    assert.deepEqual(describeImports(wrong), []);
  });

  it("plugins compute no import but that of a module that only one runtime has", () => {
    const files = graph.filter(({ to }) => to === computed).map(({ from }) => from);
    assert.deepEqual(files.filter((file) => !computedImports.includes(file)), []);
  });

  it("plugins have a mod.ts each", () => {
    assert.deepEqual(
      plugins.filter((name) => !existsSync(`${repositoryDir}/plugins/${name}/mod.ts`)),
      [],
    );
  });
});

describe("sources", () => {
  const files = sourceFiles("src", "plugins");

  it("sources have no default export but the one of a plugin's mod.ts", () => {
    const found = files.filter((file) =>
      !/^plugins\/[^/]+\/mod\.ts$/.test(file) &&
      /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/m.test(textOf(file))
    );
    assert.deepEqual(found, []);
  });

  it("sources export by name", () => {
    assert.deepEqual(files.filter((file) => /^export\s*\*/m.test(textOf(file))), []);
  });

  it("sources have names in kebab case and no collections of leftovers", () => {
    const name = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.ts$/;
    const leftovers = /\/(?:utils?|helpers?|misc|common)\.ts$/;
    assert.deepEqual(files.filter((file) => !name.test(file) || leftovers.test(file)), []);
  });

  it("sources have no syntax that Node 22 cannot strip or read", () => {
    const found = files.filter((file) =>
      /^\s*(?:await\s+)?using\s+\w+\s*=|^\s*(?:export\s+)?(?:const\s+)?enum\s/m.test(textOf(file))
    );
    assert.deepEqual(found, []);
  });
});

describe("manifests", () => {
  it("manifests agree on the version", () => {
    assert.equal(jsr.version, npm.version);
  });

  it("manifests export the same modules, each of which exists", () => {
    const { "./package.json": _, ...exported } = npm.exports;
    assert.deepEqual(Object.keys(exported), Object.keys(jsr.exports));
    for (const [name, target] of Object.entries(exported)) {
      const source = String(jsr.exports[name]);
      const types = source.replace(/^\.\//, "./dist/types/").replace(/\.ts$/, ".d.ts");
      const built = `./dist/${name === "." ? "mod" : name.slice(2)}.js`;
      assert.deepEqual(target, { types, default: built }, name);
      assert.ok(existsSync(`${repositoryDir}/${source}`), `${name}: ${source} does not exist`);
    }
  });

  it("manifests pin every dependency, to the same version", () => {
    const dependencies = npm.dependencies ?? {};
    for (const [name, version] of Object.entries(dependencies)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned`);
    }
    // JSR takes the dependencies from package.json; a map of its own would have to agree.
    for (const [name, target] of Object.entries(jsr.imports ?? {})) {
      assert.equal(target, `npm:${name}@${dependencies[name]}`);
    }
  });
});

describe("importsOf()", () => {
  it("importsOf() tells static, dynamic and type imports apart", () => {
    const text = [
      `import { a } from "./a.ts";`,
      `import type { B } from "../b.ts";`,
      `import {`,
      `  type C,`,
      `  d,`,
      `} from "npm-package/sub";`,
      `import "./effect.ts";`,
      `export type { E } from "./e.ts";`,
      `export { f } from "./f.ts";`,
      `import type from "./g.ts";`,
      `const load = () => import("node:net");`,
    ].join("\n");
    assert.deepEqual(importsOf("src/x/m.ts", text).map(({ to, kind }) => `${kind} ${to}`).sort(), [
      "dynamic node:net",
      "static npm-package/sub",
      "static src/x/a.ts",
      "static src/x/effect.ts",
      "static src/x/f.ts",
      "static src/x/g.ts",
      "type src/b.ts",
      "type src/x/e.ts",
    ]);
  });

  it("importsOf() reads no comments", () => {
    const text =
      `/**\n * import { a } from "x";\n * import("y")\n */\nconst a = 1; // import("z")\n`;
    assert.deepEqual(importsOf("src/m.ts", text), []);
  });

  it("importsOf() finds a computed import", () => {
    for (const text of ["await import(name);", "await import(`./${name}.ts`);"]) {
      assert.deepEqual(importsOf("src/m.ts", text), [
        { from: "src/m.ts", to: computed, kind: "dynamic" },
      ]);
    }
  });

  it("waysTo() names the whole way, through lazy imports and not through types", () => {
    const edges = [
      { from: "a.ts", to: "b.ts", kind: "static" },
      { from: "b.ts", to: "c.ts", kind: "dynamic" },
      { from: "c.ts", to: "node:net", kind: "static" },
      { from: "d.ts", to: "c.ts", kind: "type" },
    ] as const;
    const isNode = (target: string) => target.startsWith("node:");
    assert.deepEqual(waysTo(edges, ["a.ts", "d.ts"], isNode), ["a.ts -> b.ts -> c.ts -> node:net"]);
  });
});
