import type { ErrorCode } from "../../../src/errors.ts";
import type { CallOptions } from "../../../src/runtime.ts";
import type { MemoryHost } from "../../memory/mod.ts";
import type { RecordedMethod } from "../methods.ts";
import type { Outcome, RecordedObject } from "../recording.ts";

/** What `replay()` takes. */
export interface ReplayOptions extends CallOptions {
  /**
   * A host with programs of your own, which run as their arguments in the recording name them, in
   * place of processes that do what was recorded. Default: one that is made for the replay.
   */
  readonly host?: MemoryHost | undefined;
  /**
   * How long the replay waits for something that the recording has, and that does not come, before
   * it is told as a difference, in milliseconds. Default: 15000, for a stream of events may take 10 s
   * to find out what it has missed.
   */
  readonly budgetMs?: number | undefined;
}

/** What became of a call in a replay. */
export interface ReplayedCall {
  /** Its number in the recording. */
  readonly call: number;
  /** What was called. */
  readonly method: RecordedMethod;
  /** The container it was about. */
  readonly containerId?: string | undefined;
  /** The process it was about; `init` is the first one. */
  readonly processId?: string | undefined;
  /** How it ended; `pending` has not, `not-run` had no handle to be called on. */
  readonly outcome: Outcome | "pending" | "not-run";
  /** The kind of the error. */
  readonly code?: ErrorCode | undefined;
  /** The message of the error. */
  readonly message?: string | undefined;
  /** What it gave of what a recording keeps: how a process ended, or its state. */
  readonly value?: RecordedObject | undefined;
}

/** An event that a stream of a replay brought. */
export interface ReplayedEvent {
  /** The call that subscribed. */
  readonly call: number;
  /** The event. Those of the stream itself have no time: it is that of this machine. */
  readonly event: RecordedObject;
}

/** Where a replay is not as the recording was. */
export interface ReplayDifference {
  /** What differs. */
  readonly what: "call" | "event" | "stream";
  /** Number of the entry of the recording that it is about; 0 if it has none. */
  readonly seq: number;
  /** What it is about: a call with its number, an event, or a stream of a process. */
  readonly subject: string;
  /** What was recorded. */
  readonly recorded: string;
  /** What was replayed. */
  readonly replayed: string;
}

/** What a replay gives. */
export interface ReplayResult {
  /** Every call of the recording, in its order. */
  readonly calls: readonly ReplayedCall[];
  /** The calls that have not ended. */
  readonly pending: readonly ReplayedCall[];
  /** What the streams of events brought, in the order in which it came. */
  readonly events: readonly ReplayedEvent[];
  /** Where the replay is not as the recording was; empty if it is. */
  readonly differences: readonly ReplayDifference[];
}
