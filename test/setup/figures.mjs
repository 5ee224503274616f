/** What the summary has a row for: the cases of a benchmark against one kind of peer. */
const topics = [
  {
    bench: "import",
    cases: /^process that imports (?:core|auto),/,
    title: "a process that imports it, to an empty one",
  },
  {
    bench: "import",
    cases: /^process that imports .* connect\(\),/,
    title: "a process that imports it and connects, to an empty one",
  },
  { bench: "import", cases: /^size of the core/, title: "size of the core, to its budget" },
  { bench: "lifecycle", cases: /./, title: "the life of a container, to `ctr run`" },
  { bench: "script", cases: /./, title: "a script that runs a container, to `ctr run`" },
  {
    bench: "stdout",
    cases: /./,
    title: "throughput of output, to that of `ctr run`",
    isHigherBetter: true,
  },
  { bench: "unary", cases: /peer bare$/, title: "a call, to the bare HTTP/2 request" },
  { bench: "unary", cases: /peer connect-node$/, title: "a call, to one of connect-node" },
  { bench: "unary", cases: /peer grpc-js$/, title: "a call, to one of grpc-js" },
];

/**
 * One row for each topic: the best and the worst of all its cases, builds and runtimes.
 *
 * @param {readonly { bench: string, case: string, runtime: string, ratio: number }[]} rows
 * @returns {string} A table in Markdown.
 */
export function summary(rows) {
  const rest = new Set(rows);
  const lines = topics.flatMap(({ bench, cases, title, isHigherBetter }) => {
    const own = rows.filter((row) => row.bench === bench && cases.test(row.case));
    for (const row of own) rest.delete(row);
    if (own.length === 0) return [];
    // By what is printed, so that the summary follows from the tables.
    const byRatio = own.toSorted((one, other) => rounded(one.ratio) - rounded(other.ratio));
    if (isHigherBetter) byRatio.reverse();
    const [best, worst] = [byRatio[0], byRatio.at(-1)];
    const where = own.length === 1 ? "" : ` (${labelOf(worst)})`;
    const better = isHigherBetter ? "higher" : "lower";
    return [`| ${title} | ${better} | ${rounded(best.ratio)} | ${rounded(worst.ratio)}${where} |`];
  });
  const [unknown] = rest;
  if (unknown !== undefined) {
    throw new Error(`Cannot sum up "${unknown.bench}", "${unknown.case}": it has no topic`);
  }
  return ["| ratio of | better | best | worst |", "| --- | --- | ---: | :--- |", ...lines].join(
    "\n",
  );
}

/**
 * All figures: a table for each benchmark, a row for each case and runtime.
 *
 * @returns {string} Sections in Markdown.
 */
export function tables(rows) {
  const head =
    "| case | runtime | ours | peer | ratio | unit |\n| --- | --- | ---: | ---: | ---: | --- |";
  return [...new Set(rows.map((row) => row.bench))].map((bench) => {
    const own = rows.filter((row) => row.bench === bench);
    const lines = own.map(({ case: name, runtime, ours, peer, ratio, unit }) =>
      `| ${name} | ${runtime} | ${rounded(ours)} | ${rounded(peer)} | ${rounded(ratio)} | ${unit} |`
    );
    return `## ${bench}\n\n${head}\n${lines.join("\n")}`;
  }).join("\n\n");
}

/**
 * The rows of {@linkcode tables}, read from a text that holds them.
 *
 * @param {string} text
 * @returns {{ bench: string, case: string, runtime: string, ours: number, peer: number,
 * ratio: number, unit: string }[]}
 */
export function parseTables(text) {
  return text.split(/^## /m).slice(1).flatMap((section) => {
    const [bench, ...lines] = section.split("\n");
    return lines.filter((line) => line.startsWith("| ")).slice(2).map((line) => {
      const [name, runtime, ours, peer, ratio, unit] = line.split("|").slice(1, -1)
        .map((cell) => cell.trim());
      const figures = { ours: Number(ours), peer: Number(peer), ratio: Number(ratio) };
      return { bench, case: name, runtime, ...figures, unit };
    });
  });
}

// Where the worst case of a topic was: what tells it apart, without what all cases of it say.
function labelOf({ case: name, runtime }) {
  const what = name.replace(/^(?:process that imports|script that runs) /, "")
    .replace(/, (?:to an empty one|less an empty one|peer [\w-]+)/, "");
  return `${what}, ${runtime}`;
}

/** A figure as it is printed. */
function rounded(value) {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
