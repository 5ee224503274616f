import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

// Loaded by `--import` before a script: what that imports as `libcontainerd` and `libcontainerd/…`
// are the sources of this clone, wherever the script is, and without a build.

const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
const sources = new Map(
  Object.entries(exports).map(([name, source]) => [
    `libcontainerd${name.slice(1)}`,
    pathToFileURL(join(root, source)).href,
  ]),
);

registerHooks({
  resolve(specifier, context, nextResolve) {
    const url = sources.get(specifier);
    return url === undefined ? nextResolve(specifier, context) : { url, shortCircuit: true };
  },
});
