import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { repositoryDir } from "./cache.ts";

/** One import of a source file. */
export interface Import {
  /** The file it is in, from the root of the repository. */
  readonly from: string;
  /** What is imported: a path from the root, or a name such as `node:net`. */
  readonly to: string;
  /** `type` imports are gone when the file runs. */
  readonly kind: "static" | "dynamic" | "type";
}

const patterns: readonly (readonly [RegExp, "static" | "dynamic"])[] = [
  [
    /^(?:import|export)\b(?!\s*\()(\s+type\b(?!\s+from\b|\s*,))?[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
    "static",
  ],
  [/^import()\s*["']([^"']+)["']/gm, "static"],
  [/\bimport()\s*\(\s*["']([^"']+)["']\s*[,)]/g, "dynamic"],
];

/** The target of an `import()` of something that is not a plain string. */
export const computed = "(computed)";

/** Finds the imports in the text of a module. */
export function importsOf(file: string, text: string): readonly Import[] {
  const code = withoutComments(text);
  const found = patterns.flatMap(([pattern, kind]) =>
    [...code.matchAll(pattern)].map(([, type, target = ""]): Import => ({
      from: file,
      to: target.startsWith(".") ? normalize(join(dirname(file), target)) : target,
      kind: type === undefined || type === "" ? kind : "type",
    }))
  );
  const isComputed = /\bimport\s*\(\s*(?!["'][^"']+["']\s*[,)])/.test(code);
  return isComputed ? [...found, { from: file, to: computed, kind: "dynamic" }] : found;
}

/** Takes comments away; they hold examples with imports. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** The source files below folders of the repository, as paths from its root. */
export function sourceFiles(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(repositoryDir, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return /\.m?[tj]s$/.test(entry.name) ? [path] : [];
    })
  ).sort();
}

/** Text of a file, by its path from the root. */
export function textOf(file: string): string {
  return readFileSync(join(repositoryDir, file), "utf8");
}

/** All imports of all files of these folders. */
export function importGraph(...folders: readonly string[]): readonly Import[] {
  return sourceFiles(...folders).flatMap((file) => importsOf(file, textOf(file)));
}

/**
 * The ways by which files reach what `isForbidden` refuses when they run, each from the first file
 * to the forbidden one: `a.ts -> b.ts -> node:net`. One way for each first file.
 */
export function waysTo(
  graph: readonly Import[],
  files: readonly string[],
  isForbidden: (target: string) => boolean,
): readonly string[] {
  const running = graph.filter((each) => each.kind !== "type");
  const search = (path: readonly string[], seen: Set<string>): string | undefined => {
    for (const { to } of running.filter((each) => each.from === path.at(-1))) {
      if (isForbidden(to)) return [...path, to].join(" -> ");
      if (seen.has(to)) continue;
      seen.add(to);
      const way = search([...path, to], seen);
      if (way !== undefined) return way;
    }
    return undefined;
  };
  return files.map((file) => search([file], new Set([file]))).filter((way) => way !== undefined);
}
