import type { RunStdio } from "../../src/client-options.ts";
import type { Client } from "../../src/client.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";

/** Something that goes wrong in a world. */
export interface WorldFault {
  /** For the report. */
  readonly name: string;
  /** Brings it about; what lasts is over by itself, or when the world is healed. */
  readonly strike: (containerId: string) => void | Promise<void>;
}

/** Where a schedule takes place. */
export interface World extends AsyncDisposable {
  /** The client under test. */
  readonly client: Client;
  /** Another client of the same runtime. */
  readonly other: Client;
  /** A shim. */
  readonly shim: string;
  /** A container that runs for so long, unless it is ended before, and ends with a code. */
  readonly spec: (lifeMs: number, code: number) => Spec;
  /** A further process likewise. */
  readonly process: (lifeMs: number, code: number) => Process;
  /** Where the streams of the next process go; `undefined` is nowhere. */
  readonly stdio: () => RunStdio | undefined;
  /** The longest pause between two steps, in milliseconds. */
  readonly pauseMs: number;
  /** How long an operation may take at most, in milliseconds: beyond that it hangs. */
  readonly budgetMs: number;
  /** The codes that a process may end with which was not given one, nor SIGKILL. */
  readonly ownCodes: readonly number[];
  /** What can go wrong. */
  readonly faults: readonly WorldFault[];
  /** Ends what goes wrong. */
  heal(): Promise<void>;
  /** What is left once all containers are removed and the clients are closed; nothing is empty. */
  leftovers(): Promise<readonly string[]>;
}
