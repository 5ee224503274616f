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
