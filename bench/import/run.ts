/**
 * What importing costs, in a fresh process: the core, and `auto` with all that it loads to connect,
 * beside a process that imports nothing. Also how large the core is in a bundle.
 *
 *     node bench/import/run.ts --rounds 20
 */

import { browserBundle } from "../../test/helpers/browser-bundle.ts";
import { runtimeName } from "../../test/helpers/runtime.ts";
import { allBuilds, forBuilds, makeBuilds, type Specifier } from "../support/builds.ts";
import { benchOptions } from "../support/options.ts";
import { takeTurns } from "../support/rounds.ts";
import { printRow } from "../support/row.ts";
import { runScript } from "../support/run-script.ts";

const options = benchOptions({ rounds: 20 });
const { address, namespace } = options;

/** What test/bundle-size.test.ts holds the core to. */
const coreBudgetBytes = 6 * 1024;

const texts: Readonly<Record<string, (specifier: Specifier) => string>> = {
  core: (specifier) => `import ${JSON.stringify(specifier(""))};`,
  auto: (specifier) => `import ${JSON.stringify(specifier("auto"))};`,
  "auto and connect()": (specifier) => `
import process from "node:process";
import { connect } from ${JSON.stringify(specifier("auto"))};
const [address, namespace] = process.argv.slice(2);
await (await connect({ address, namespace }))[Symbol.asyncDispose]();`,
};

const builds = makeBuilds();
try {
  const empty = await builds.write("empty", "sources", () => "");
  for (const [what, text] of Object.entries(texts)) {
    const scripts = await forBuilds(async (kind) => {
      const file = await builds.write(what.replaceAll(/\W/g, "-"), kind, text);
      return () => runScript(file, [address, namespace]);
    });
    const times = await takeTurns({ ...scripts, empty: () => runScript(empty) }, options);
    for (const kind of allBuilds) {
      printRow({
        bench: "import",
        case: `process that imports ${what}, ${kind}, to an empty one`,
        ours: times[kind],
        peer: times.empty,
        unit: "ms",
      });
    }
  }
} finally {
  builds.remove();
}

// It is the same for every runtime.
if (runtimeName() === "node") {
  const { initialGzipBytes, gzipBytes } = await browserBundle(`export * from "./src/mod.ts";`);
  console.log(`import, size of the core with what it loads later: ${gzipBytes} bytes`);
  printRow({
    bench: "import",
    case: "size of the core, minified and gzipped, to its budget",
    ours: [initialGzipBytes / 1024],
    peer: [coreBudgetBytes / 1024],
    unit: "kB",
    goal: "<= 1",
  });
}
