/** What a filter looks at. */
export interface Filtered {
  /** Namespace of the event. */
  readonly namespace: string;
  /** Topic of the event. */
  readonly topic: string;
}

type Test = (event: Filtered) => boolean;

const PART = /^(namespace|topic)(==|!=|~=)("(?:[^"\\]|\\.)*"|\|[^|]*\||[\w/.-]+)(?:,|$)/;

/**
 * Reads filters of a subscription, in the part of containerd's language that is about the namespace
 * and the topic. An event passes that one of them lets pass; without any, all do.
 *
 * @throws {Error} For another language, as containerd refuses it.
 */
export function eventFilter(filters: readonly string[]): Test {
  const tests = filters.map(conjunction);
  return (event) => tests.length === 0 || tests.some((test) => test(event));
}

function conjunction(filter: string): Test {
  const tests: Test[] = [];
  let rest = filter;
  while (rest !== "") {
    const match = PART.exec(rest);
    if (!match) throw new Error(`Cannot read filter "${filter}": at "${rest}"`);
    const [part, field = "", operator = "", operand = ""] = match;
    tests.push(comparison(field === "topic" ? "topic" : "namespace", operator, operand));
    rest = rest.slice(part.length);
  }
  return (event) => tests.every((test) => test(event));
}

function comparison(field: keyof Filtered, operator: string, operand: string): Test {
  const value = operand.startsWith('"')
    ? String(JSON.parse(operand))
    : operand.startsWith("|")
    ? operand.slice(1, -1)
    : operand;
  if (operator === "~=") {
    const pattern = new RegExp(value);
    return (event) => pattern.test(event[field]);
  }
  return (event) => (event[field] === value) === (operator === "==");
}
