/**
 * A runtime in memory, for tests of what uses containers: its programs are functions, its faults are
 * those of real runtimes, and nothing is needed to run it. It loads wherever JavaScript does.
 *
 * @example
 * ```ts
 * import { Client, Registry } from "libcontainerd";
 * import { memory, MemoryHost, script } from "libcontainerd/memory";
 *
 * const web = script([{ print: "listening\n" }, { awaitSignal: "TERM" }, { exit: 0 }]);
 * const host = new MemoryHost({ programs: { web } });
 * const client = new Client(new Registry({}, { fallback: memory({ host }) }));
 * ```
 *
 * Where it differs from a container on Linux: a program cannot be stopped in the midst of a
 * computation, so one that is killed, or paused, is held up at its next use of its context; the first
 * process of a container is ended by signals that it does not handle, too; a terminal neither echoes
 * nor edits lines; there is no file system but what the option `files` gives; and a checkpoint keeps
 * the first process alone, with what its program saves.
 *
 * @module
 */

import { checkNames } from "../../src/check-options.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";
import { HOST_OPTIONS, insideOf, MemoryHost, type MemoryHostOptions } from "./host.ts";
import { MemoryRuntime } from "./runtime.ts";

/** Options of {@linkcode memory}: a host, or what one is made with. */
export interface MemoryOptions extends MemoryHostOptions {
  /** The host, where several clients are to share one. Default: one of the plugin's own. */
  readonly host?: MemoryHost | undefined;
  /**
   * How long output may stay open after its process has ended, in milliseconds, before it is cut
   * and the exit says `truncated`. Default: 2000.
   */
  readonly drainBudgetMs?: number | undefined;
  /** Id of the plugin in messages, and for faults of some clients only. Default: `memory`. */
  readonly id?: string | undefined;
}

/** A runtime in memory. */
export interface MemoryPlugin extends RuntimePlugin {
  /** Where its containers are, and where faults are brought about. */
  readonly host: MemoryHost;
}

/**
 * Declares a runtime in memory. The containers are those of the host: every client sees them, and
 * they outlive it.
 *
 * @throws {ContainerError} `invalid_argument` for a bad or unknown option, and for one of a host
 * beside a host.
 */
export function memory(options: MemoryOptions = {}): MemoryPlugin {
  const own = ["host", "drainBudgetMs", "id"];
  checkNames(options, ...own, ...HOST_OPTIONS);
  const { host: given, drainBudgetMs = 2000, id = "memory", ...hostOptions } = options;
  const [beside] = Object.keys(hostOptions);
  if (given !== undefined && beside !== undefined) {
    throw invalidArgument(beside, `Cannot use option "${beside}": it belongs to the host`);
  }
  if (typeof drainBudgetMs !== "number" || !(drainBudgetMs >= 0)) {
    const message = `Cannot use drainBudgetMs "${shown(drainBudgetMs)}": not a number from 0`;
    throw invalidArgument("drainBudgetMs", message);
  }
  if (typeof id !== "string" || id === "") {
    throw invalidArgument("id", `Cannot use id "${shown(id)}": not a text`);
  }
  const host = given ?? new MemoryHost(hostOptions);
  const inside = insideOf(host);
  return {
    id,
    host,
    async open(callOptions) {
      const link = inside.connect(id);
      try {
        await link.call(
          { method: "open", action: "Cannot connect to host" },
          () => {},
          callOptions,
        );
      } catch (error) {
        await link.close();
        throw error;
      }
      const connection = { link, host: inside, drainBudgetMs, notes: new Set<never>() };
      return new MemoryRuntime(connection);
    },
  };
}

export type { MemoryClock } from "./clock.ts";
export type { Fault } from "./fault.ts";
export type {
  BreakCallsOptions,
  CallMatch,
  CallOutcome,
  DelayEventsOptions,
  EventMatch,
  FailCallsOptions,
  FaultFrequency,
  HangCallsOptions,
  LoseConnectionOptions,
  LoseDaemonOptions,
  ReorderEventsOptions,
} from "./fault-options.ts";
export type { Faults } from "./faults.ts";
export type { MemoryFiles } from "./files.ts";
export { MemoryHost } from "./host.ts";
export type { MemoryHostOptions } from "./host.ts";
export { ManualClock } from "./manual-clock.ts";
export type { MemoryMethod } from "./methods.ts";
export type { MemoryProgram, MemoryPrograms, ProgramContext } from "./program.ts";
export type { MemoryResidue } from "./residue.ts";
export { script } from "./script.ts";
export type { ScriptStep } from "./script.ts";
