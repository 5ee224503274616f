import { parseArgs } from "node:util";
import { containerdVersions } from "./debian.mjs";
import { runtimeNames } from "./runtimes.mjs";

const groups = ["checks", "unit", "containerd", "edge", "package"];

const usage = `npm test -- [--runtime NAME]... [--containerd VERSION]... [--only GROUP]... [path]...
  --runtime     ${runtimeNames.join(", ")}
  --containerd  ${containerdVersions.join(", ")}
  --only        ${groups.join(", ")}
  path          a test file or folder, or the beginning of one; leaves the checks out`;

/** Reads the command line of the test runs; ends the process with a usage text on a mistake. */
export function readOptions() {
  const multiple = { type: "string", multiple: true };
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        runtime: multiple,
        containerd: multiple,
        only: multiple,
        help: { type: "boolean" },
      },
    });
    if (values.help) leave(usage, 0);
    return {
      runtimes: known("--runtime", values.runtime ?? runtimeNames, runtimeNames),
      versions: known("--containerd", values.containerd ?? containerdVersions, containerdVersions),
      groups: known("--only", values.only ?? groups, groups),
      isNarrowed: Object.keys(values).length > 0 || positionals.length > 0,
      paths: positionals.map((path) => path.replace(/^\.\//, "")),
    };
  } catch (error) {
    leave(`${error.message}\n\n${usage}`, 2);
  }
}

function known(option, values, all) {
  const unknown = values.find((value) => !all.includes(value));
  if (unknown !== undefined) throw new Error(`Cannot use ${option} "${unknown}": unknown`);
  return values;
}

function leave(text, code) {
  console.log(text);
  process.exit(code);
}
