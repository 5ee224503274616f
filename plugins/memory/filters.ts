import { invalidArgument, shown } from "../../src/errors.ts";
import type { ContainerInfo } from "../../src/runtime.ts";

/** A value, or a part of a field's path: a word, or anything in quotes. */
const PART = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s"=~!,.]+)`;
const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s",]+)`;
const SELECTOR = new RegExp(
  String.raw`^(?<field>${PART}(?:\.${PART})*)(?:(?<operator>==|!=|~=)(?<value>${VALUE}))?(?:,|$)`,
);

type Matches = (info: ContainerInfo) => boolean;

/**
 * Reads filters as containerd has them: `id==web`, `labels."app"!=db,image~=^example`. What is
 * between commas must all match, and one of several filters.
 *
 * @throws {ContainerError} `invalid_argument` for a filter that cannot be read.
 * @see containerd pkg/filters/filter.go
 */
export function parseFilters(filters: readonly string[]): Matches {
  const all = filters.map((filter, index) => parseFilter(filter, `filters[${index}]`));
  return (info) => all.length === 0 || all.some((matches) => matches(info));
}

function parseFilter(filter: unknown, field: string): Matches {
  const refuse = (state: string) =>
    invalidArgument(field, `Cannot use filter "${shown(filter)}": ${state}`);
  if (typeof filter !== "string") throw refuse("not a string");
  const selectors: Matches[] = [];
  for (let rest = filter.trim(); rest !== "";) {
    const groups = SELECTOR.exec(rest);
    if (!groups?.groups) throw refuse(`cannot be read from "${rest}" on`);
    const { field: path = "", operator, value } = groups.groups;
    const parts = [...path.matchAll(new RegExp(PART, "g"))].map(([part]) => unquoted(part));
    selectors.push(selector(parts, operator, unquoted(value ?? ""), refuse));
    rest = rest.slice(groups[0].length).trimStart();
  }
  return (info) => selectors.every((matches) => matches(info));
}

function selector(
  path: readonly string[],
  operator: string | undefined,
  value: string,
  refuse: (state: string) => Error,
): Matches {
  if (operator === "~=") {
    let pattern: RegExp;
    try {
      pattern = new RegExp(value);
    } catch {
      throw refuse(`"${value}" is no regular expression`);
    }
    return (info) => pattern.test(valueOf(info, path) ?? "");
  }
  return (info) => {
    const found = valueOf(info, path);
    if (operator === undefined) return found !== undefined;
    return operator === "==" ? found === value : found !== value;
  };
}

/** The value of a field; `undefined` if the record does not have it. */
function valueOf(info: ContainerInfo, [first, ...more]: readonly string[]): string | undefined {
  const name = more.join(".");
  switch (first) {
    case "id":
    case "image":
      return more.length === 0 && info[first] !== "" ? info[first] : undefined;
    case "runtime":
      return name === "name" ? info.shim : undefined;
    case "labels":
      return Object.hasOwn(info.labels, name) ? info.labels[name] : undefined;
    default:
      return undefined;
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}
