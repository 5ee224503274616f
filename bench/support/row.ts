import process from "node:process";
import { runtimeName } from "../../test/helpers/runtime.ts";
import { median, middleHalf } from "./statistics.ts";

/** One comparison of a benchmark, as it is printed. */
export interface Row {
  /** Name of the benchmark. */
  readonly bench: string;
  /** The runtime that ran it, for instance `node24`. */
  readonly runtime: string;
  /** What was compared. */
  readonly case: string;
  /** Median of ours. */
  readonly ours: number;
  /** Median of the peer's. */
  readonly peer: number;
  /** Median of ours divided by the peer's of the same round. */
  readonly ratio: number;
  /** Unit of `ours` and `peer`. */
  readonly unit: string;
  /** What the ratio should be, for instance `<= 0.8`. */
  readonly goal?: string;
  /** How many rounds were counted. */
  readonly rounds: number;
  /** Between which values the middle half of the rounds lies. */
  readonly spread: {
    readonly ours: readonly [number, number];
    readonly peer: readonly [number, number];
    readonly ratio: readonly [number, number];
  };
}

/** What {@linkcode printRow} takes: the figures of each round, in the same order. */
export interface RowInit extends Pick<Row, "bench" | "case" | "unit" | "goal"> {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

/** Prints a row for the eye and as `BENCH {json}` for the runner. */
export function printRow(init: RowInit): void {
  const { bench, unit, goal } = init;
  const ratios = init.ours.map((figure, round) => figure / (init.peer[round] ?? Number.NaN));
  const row: Row = {
    bench,
    runtime: versionedRuntime(),
    case: init.case,
    ours: median(init.ours),
    peer: median(init.peer),
    ratio: median(ratios),
    unit,
    ...(goal === undefined ? {} : { goal }),
    rounds: ratios.length,
    spread: {
      ours: middleHalf(init.ours),
      peer: middleHalf(init.peer),
      ratio: middleHalf(ratios),
    },
  };
  const figures = [
    `ours ${text(row.ours)} ${unit} (${range(row.spread.ours)})`,
    `peer ${text(row.peer)} ${unit} (${range(row.spread.peer)})`,
    `ratio ${text(row.ratio)} (${range(row.spread.ratio)})`,
    ...(goal === undefined ? [] : [`goal ${goal}`]),
  ];
  console.log(`${bench}, ${row.case}: ${figures.join(", ")}, ${row.rounds} rounds`);
  console.log(`BENCH ${JSON.stringify(row)}`);
}

/** The runtime that runs this, as the tables name it. */
function versionedRuntime(): string {
  const name = runtimeName();
  return name === "node" ? `node${process.versions.node.split(".")[0]}` : name;
}

function range([low, high]: readonly [number, number]): string {
  return `${text(low)} to ${text(high)}`;
}

function text(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
