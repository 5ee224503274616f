import { checkNames } from "../../src/check-options.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import type { ContainerEvent } from "../../src/events.ts";
import { isMethod, type MemoryMethod } from "./methods.ts";
import type { Random } from "./random.ts";
import type { Subject } from "./refusal.ts";

/** How often a fault strikes. */
export interface FaultFrequency {
  /** How many times it strikes before it lifts itself. Default: without end. */
  readonly times?: number | undefined;
  /** How likely it strikes each time, from 0 to 1, by the random numbers of the host. Default: 1. */
  readonly probability?: number | undefined;
}

/** Which calls a fault is about; what is left out is any. */
export interface CallMatch extends FaultFrequency {
  /** The call. */
  readonly method?: MemoryMethod | undefined;
  /** The container that it is about. */
  readonly containerId?: string | undefined;
  /** The process that it is about; `init` is the first one. */
  readonly processId?: string | undefined;
  /** The id of the plugin whose clients make it. */
  readonly plugin?: string | undefined;
}

/** Whether what a disturbed call was to do is done: a client cannot know. */
export interface CallOutcome {
  /** `done`, and only the answer is missing, or `undone`. Default: `undone`. */
  readonly work?: "done" | "undone" | undefined;
}

/** What {@linkcode Faults.failCalls} takes. */
export interface FailCallsOptions extends CallMatch, CallOutcome {
  /** The kind of the error. Default: `internal`. */
  readonly code?: ErrorCode | undefined;
}

/** What {@linkcode Faults.hangCalls} takes. */
export interface HangCallsOptions extends CallMatch, CallOutcome {}

/** What {@linkcode Faults.breakCalls} takes. */
export interface BreakCallsOptions extends CallMatch, CallOutcome {}

/** Which events a fault is about. */
export interface EventMatch extends FaultFrequency {
  /** Tells whether it is about one. Default: about all. */
  readonly matches?: ((event: ContainerEvent) => boolean) | undefined;
}

/** What {@linkcode Faults.delayEvents} takes. */
export interface DelayEventsOptions extends EventMatch {
  /** How long, in milliseconds, by the clock of the host. Default: until the fault is lifted. */
  readonly delayMs?: number | undefined;
}

/** What {@linkcode Faults.reorderEvents} takes. */
export interface ReorderEventsOptions extends EventMatch {
  /** How long an event waits for another one to go first, in milliseconds. Default: 10. */
  readonly withinMs?: number | undefined;
}

/** What {@linkcode Faults.loseConnection} takes. */
export interface LoseConnectionOptions {
  /** The id of the plugin whose clients lose it. Default: all. */
  readonly plugin?: string | undefined;
  /** For how long, in milliseconds, by the clock of the host. Default: until the fault is lifted. */
  readonly forMs?: number | undefined;
}

/** What {@linkcode Faults.loseDaemon} takes. */
export interface LoseDaemonOptions {
  /**
   * What becomes of tasks whose first process has ended by the time that the daemon is back: they
   * are `kept` with their codes, as by containerd 1.6, or `gone` without a trace, as by 1.7 and 2.x.
   * Default: `kept`.
   */
  readonly ended?: "kept" | "gone" | undefined;
  /** For how long, in milliseconds, by the clock of the host. Default: until the fault is lifted. */
  readonly forMs?: number | undefined;
}

const CODES: readonly ErrorCode[] = [
  "aborted",
  "already_exists",
  "conflict",
  "data_loss",
  "deadline_exceeded",
  "failed_precondition",
  "internal",
  "invalid_argument",
  "not_found",
  "not_modified",
  "out_of_range",
  "permission_denied",
  "resource_exhausted",
  "unauthenticated",
  "unavailable",
  "unimplemented",
  "unknown",
];

const isDuration = (value: unknown) => typeof value === "number" && value >= 0;
const isText = (value: unknown) => typeof value === "string";

/** What each option may be, and how that is said. */
const RULES: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  times: [
    (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1),
    "not a whole number from 1",
  ],
  probability: [
    (value) => typeof value === "number" && value >= 0 && value <= 1,
    "not a number from 0 to 1",
  ],
  method: [isMethod, "there is no such call"],
  containerId: [isText, "not a string"],
  processId: [isText, "not a string"],
  plugin: [isText, "not a string"],
  work: [(value) => value === "done" || value === "undone", "neither done nor undone"],
  code: [(value) => CODES.some((code) => code === value), "there is no such code"],
  matches: [(value) => typeof value === "function", "not a function"],
  delayMs: [isDuration, "not a number from 0"],
  withinMs: [isDuration, "not a number from 0"],
  forMs: [isDuration, "not a number from 0"],
  ended: [(value) => value === "kept" || value === "gone", "neither kept nor gone"],
};

/**
 * Checks the options of a fault.
 *
 * @throws {ContainerError} `invalid_argument` with the name of the first wrong one as its field.
 */
export function checkFault(options: object, ...names: readonly string[]): void {
  checkNames(options, ...names);
  for (const [name, value] of Object.entries(options)) {
    const [isGood, state] = RULES[name] ?? [() => true, ""];
    if (value === undefined || isGood(value)) continue;
    throw invalidArgument(name, `Cannot use ${name} "${shown(value)}": ${state}`);
  }
}

/** Whether a fault is about a call. */
export function isAbout(match: CallMatch, plugin: string, subject: Subject): boolean {
  const { method, containerId, processId } = match;
  return (method === undefined || method === subject.method) &&
    (containerId === undefined || containerId === subject.containerId) &&
    (processId === undefined || processId === subject.processId) &&
    (match.plugin === undefined || match.plugin === plugin);
}

/** Whether a fault strikes this time; the random numbers are used only where they count. */
export function isLikely({ probability = 1 }: FaultFrequency, random: Random): boolean {
  return probability === 1 || random() < probability;
}
