import type { Resources } from "../../src/runtime.ts";
import type { Stats } from "../../src/stats.ts";
import type { Program } from "./program.ts";

/**
 * Whether a runtime has what not every runtime has.
 *
 * - `true`: it has it, and the suite holds it to it.
 * - `false`: it has not, and the suite holds it to saying so, with `unimplemented`.
 * - a text: it has it, but this machine cannot show it, for this reason; the tests are skipped.
 */
export type Capability = boolean | string;

/** What a runtime can do beyond what every runtime has to. */
export interface RuntimeCapabilities {
  /** Terminals and their sizes; `false`: a process with one cannot be made or started. */
  readonly terminal: Capability;
  /** Freezing and thawing: `Task.pause` and `Task.resume`. */
  readonly pause: Capability;
  /** Measuring: `Task.stats`. */
  readonly stats: Capability;
  /** Listing processes: `Task.listPids`. */
  readonly listPids: Capability;
  /** Changing limits: `Task.updateResources`; needs `stats`, which are to show them. */
  readonly updateResources: false | string | ResourceUpdate;
  /**
   * Writing checkpoints and starting from them: `Task.createCheckpoint` and the option
   * `checkpointDir`.
   */
  readonly checkpoint: Capability;
  /**
   * Using the runtime from other programs. `false`: its containers are those of one program, and no
   * process gets the streams of that program by `"inherit"`.
   */
  readonly inOtherProcess: false | string | OtherProcess;
  /** Changing records: `Container.update`; `false`: it is missing. Default: true. */
  readonly update?: Capability | undefined;
  /** Listing records: `Runtime.listContainers`. Default: true. */
  readonly listContainers?: Capability | undefined;
  /** Files as streams: `{ file }`, on the host that runs the suite. Default: true. */
  readonly files?: Capability | undefined;
}

/** Limits for the test of `updateResources`. */
export interface ResourceUpdate {
  /** What is changed. */
  readonly resources: Resources;
  /** Throws where the statistics do not show the change. */
  readonly assertUpdated: (stats: Stats) => void;
}

/**
 * What another program does with the runtime under test: each is to run a script of your own, on
 * the JavaScript runtime that runs the suite. What is left out, the runtime does not have.
 */
export interface OtherProcess {
  /**
   * Runs a container to its end with inherited streams; gives the output of the program. Without it
   * `"inherit"` has to be `unimplemented`.
   */
  readonly inherit?: (id: string, program: Program) => Promise<{
    /** What the program has written. */
    readonly stdout: string;
    /** What the program has written as errors. */
    readonly stderr: string;
  }>;
  /**
   * Starts a container that exists with piped input and output, writes a text, reads as much, and
   * is killed; gives what it read. Without it containers end with the program that made them.
   */
  readonly startPiped?: (id: string, text: string) => Promise<string>;
}

/** Why the tests of something are skipped; `false` if they are not. */
export function skipReason(capability: unknown): string | false {
  return typeof capability === "string" && capability;
}

/** The calls of the client that a runtime does not have, by their names. */
export function missingCalls(capabilities: RuntimeCapabilities): readonly string[] {
  const { pause, stats, listPids, updateResources, checkpoint } = capabilities;
  return [
    ...(pause === false ? ["pause", "resume"] : []),
    ...(stats === false ? ["stats"] : []),
    ...(listPids === false ? ["listPids", "summary"] : []),
    ...(updateResources === false ? ["updateResources"] : []),
    ...(checkpoint === false ? ["createCheckpoint"] : []),
  ];
}
