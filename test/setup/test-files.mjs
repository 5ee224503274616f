import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./paths.mjs";

/**
 * The test files of the project by the group that they run in.
 *
 * @param {readonly string[]} paths Beginnings of the paths to keep; all if empty.
 * @returns {Record<"unit" | "containerd" | "edge" | "package", string[]>} Paths from the root.
 */
export function findTestFiles(paths) {
  const groups = { unit: [], containerd: [], edge: [], package: [] };
  for (const file of walk(join(root, "test"))) {
    if (paths.length > 0 && !paths.some((path) => file.startsWith(path))) continue;
    groups[groupOf(file)].push(file);
  }
  return groups;
}

// What looks at the sources or at the package does not depend on the runtime that looks.
function groupOf(file) {
  if (/^test\/(containerd|helpers)\//.test(file)) return "containerd";
  if (file.startsWith("test/edge/")) return "edge";
  const ofSources = ["bench", "boundary", "bundle-size", "package", "requirements", "start"];
  return ofSources.some((name) => file === `test/${name}.test.ts`) ? "package" : "unit";
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).sort(byName).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : walk(path);
    return entry.name.endsWith(".test.ts") ? [relative(root, path)] : [];
  });
}

function byName(one, other) {
  return one.name < other.name ? -1 : 1;
}
