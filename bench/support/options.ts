import process from "node:process";
import { parseArgs } from "node:util";

/** What every benchmark takes on its command line. */
export interface BenchOptions {
  /** Where containerd listens. */
  readonly address: string;
  /** The namespace of everything that is made. */
  readonly namespace: string;
  /** How often each contestant is measured. */
  readonly rounds: number;
  /** Whether it only has to be shown that the benchmark runs: little is measured. */
  readonly quick: boolean;
}

/** Reads `--address`, `--rounds` and `--quick`; with the last one, there are two rounds. */
export function benchOptions(defaults: { readonly rounds: number }): BenchOptions {
  const { values } = parseArgs({
    options: {
      address: { type: "string", default: "unix:///run/containerd/containerd.sock" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 2 : defaults.rounds));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`Cannot run "${values.rounds}" rounds: not an integer above 0`);
  }
  return {
    address: values.address,
    namespace: process.env["CONTAINERD_NAMESPACE"] ?? "libcontainerd-bench",
    rounds,
    quick: values.quick,
  };
}
