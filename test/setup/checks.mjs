import { delimiter, dirname, join } from "node:path";
import { root, toolchain } from "./paths.mjs";
import { programs } from "./runtimes.mjs";

const tools = join(root, "node_modules", ".bin");
const buf = join(toolchain, "node_modules/@bufbuild/buf-linux-x64/bin");

/** Environment of the tools: the project's own, on a Node that all of them support. */
export const toolEnvironment = {
  PATH: [buf, tools, dirname(programs.node24), process.env.PATH].join(delimiter),
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
};

/** Makes `dist`, which some of the checks look at. */
export const build = { name: "build", commands: [["rm", "-rf", "dist"], ["npm", "run", "build"]] };

const compareStubs = `folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
buf generate --output "$folder" && diff --recursive --brief proto/gen "$folder/proto/gen"`;

// `attw --pack` packs into the project's folder and removes what it finds there by that name.
const checkTypes = `folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --ignore-scripts --pack-destination "$folder" && attw "$folder"/*.tgz --profile esm-only`;

/**
 * The checks that are no tests: each has a name and commands that must exit with 0.
 *
 * @returns {{ name: string, commands: string[][] }[]}
 */
export function checks() {
  return [
    { name: "types of the core (tsc -p src)", commands: [["tsc", "-p", "src"]] },
    { name: "types of everything (tsc -p test)", commands: [["tsc", "-p", "test"]] },
    { name: "format (deno fmt)", commands: [[programs.deno, "fmt", "--check"]] },
    { name: "lint (deno lint)", commands: [[programs.deno, "lint"]] },
    {
      name: "documentation (deno doc --lint)",
      commands: [["node", "test/setup/doc-lint.mjs"]],
    },
    {
      name: "JSR package (deno publish)",
      commands: [[programs.deno, "publish", "--dry-run", "--allow-dirty"]],
    },
    { name: "npm package (publint)", commands: [["publint", "--strict"]] },
    {
      name: "types of the npm package (attw)",
      commands: [["sh", "-c", checkTypes]],
    },
    {
      name: "generated stubs (buf)",
      commands: [["sh", "-c", compareStubs]],
    },
  ];
}
