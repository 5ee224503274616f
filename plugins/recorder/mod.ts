/**
 * A flight recorder: keeps the last of what a client does and of what comes of it, prints it, and
 * replays it in memory. It loads wherever JavaScript does.
 *
 * @example
 * ```ts
 * import { flightRecorder } from "libcontainerd/recorder";
 *
 * const recorder = flightRecorder();
 * const client = new Client(registry, { recorder });
 * // later, when something hangs
 * console.log(recorder.text({ containerId: "web" }));
 * ```
 *
 * @module
 */

import type { Recording } from "./recording.ts";
import type { ReplayOptions, ReplayResult } from "./replay/result.ts";

export { flightRecorder } from "./flight-recorder.ts";
export type { FlightRecorder, FlightRecorderOptions } from "./flight-recorder.ts";
export type { RecordedMethod } from "./methods.ts";
export type {
  CallEntry,
  Entry,
  EntryBase,
  EventEntry,
  EventsEndEntry,
  ExitedEntry,
  Outcome,
  RecordedObject,
  RecordedValue,
  Recording,
  ReturnEntry,
  RpcEntry,
  RpcReturnEntry,
  StdioEdge,
  StdioEntry,
  StreamName,
} from "./recording.ts";
export type { RecordingTextOptions } from "./text.ts";

export { parseRecording } from "./parse-recording.ts";
export type {
  ReplayDifference,
  ReplayedCall,
  ReplayedEvent,
  ReplayOptions,
  ReplayResult,
} from "./replay/result.ts";

/**
 * Replays a recording on a runtime in memory: makes its calls, in the order in which they began and
 * ended, on processes that write, read and end as was recorded, and brings about what went wrong:
 * calls that hung, or failed for no reason of their own, lost connections, events that did not come.
 * What hung then hangs again, which the result tells; the replay itself ends. It is the same each
 * time.
 *
 * It replays what a client asked of its runtimes, not the client itself, and of a process only what
 * was seen of it. Where the recording has lost its beginning, what it needs is made beforehand.
 *
 * @throws {ContainerError} `invalid_argument` for a bad option, or recording. An abort of `signal`
 * rejects with its reason, and ends everything.
 */
export async function replay(
  recording: Recording,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const { replayRecording } = await import("./replay/replay.ts");
  return await replayRecording(recording, options);
}
