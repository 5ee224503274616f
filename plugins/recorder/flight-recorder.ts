import type { Interceptor } from "@connectrpc/connect";
import { checkNames } from "../../src/check-options.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import type { RuntimeRecorder } from "../../src/recorder.ts";
import type { Runtime } from "../../src/runtime.ts";
import { recordingInterceptor } from "./interceptor.ts";
import { Journal } from "./journal.ts";
import { RecordedHandles } from "./recorded-handles.ts";
import type { Entry, Recording } from "./recording.ts";
import { recordingText, type RecordingTextOptions } from "./text.ts";

/** What {@linkcode flightRecorder} takes. */
export interface FlightRecorderOptions {
  /** How many entries are kept. Default: 10,000. */
  readonly limit?: number | undefined;
  /**
   * About how much memory they may take, in bytes; calls that have not ended, and whose entries fell
   * out, may take as much again. Default: 8 MiB.
   */
  readonly limitBytes?: number | undefined;
  /**
   * Whether what may be secret is taken down, too: the bytes of streams, environments and the
   * options of runtimes. Default: false.
   */
  readonly contents?: boolean | undefined;
}

/**
 * Keeps the last of what clients do with their runtimes, and of what comes of it: calls, events, what
 * happens to streams, remote procedure calls. One recorder may serve several clients.
 */
export interface FlightRecorder extends RuntimeRecorder {
  /** Takes down remote procedure calls, for `interceptors` of `grpc()` and `web()`. */
  readonly interceptor: Interceptor;
  /** How many entries fell out, for want of room. */
  readonly dropped: number;
  /** About how much memory the entries take, in bytes. */
  readonly bytes: number;
  /** The entries, oldest first; calls that have not ended are there even if they fell out. */
  entries(): readonly Entry[];
  /**
   * Writes them down, one a line, with times since the first one; what has not ended comes last.
   *
   * @throws {ContainerError} `invalid_argument` for a bad or unknown option.
   */
  text(options?: RecordingTextOptions): string;
  /** The recording, as `JSON.stringify()` takes it. */
  toJSON(): Recording;
}

/**
 * Makes a flight recorder. It is given to clients as their `recorder`, and its memory stays flat.
 *
 * Secrets are left out: bytes of streams, environments and options of runtimes, unless `contents` is
 * set. Arguments of processes, labels and messages of errors are not taken for secrets.
 *
 * @example
 * ```ts
 * const recorder = flightRecorder();
 * const client = await connect({ recorder });
 * // later, when something hangs
 * console.log(recorder.text({ containerId: "web", last: 50 }));
 * ```
 *
 * @throws {ContainerError} `invalid_argument` for a bad or unknown option.
 */
export function flightRecorder(options: FlightRecorderOptions = {}): FlightRecorder {
  checkNames(options, "limit", "limitBytes", "contents");
  const { limit = 10_000, limitBytes = 8 * 1024 * 1024, contents = false } = options;
  checkCount("limit", limit, 1);
  checkCount("limitBytes", limitBytes, 1);
  if (typeof contents !== "boolean") {
    throw invalidArgument("contents", `Cannot use contents "${shown(contents)}": not a boolean`);
  }
  const journal = new Journal({ limit, limitBytes, contents });
  const handles = new RecordedHandles(journal);
  return {
    interceptor: recordingInterceptor(journal),
    get dropped() {
      return journal.dropped;
    },
    get bytes() {
      return journal.bytes;
    },
    record: (runtime: Runtime) => handles.runtime(runtime),
    entries: () => journal.entries,
    text: (options: RecordingTextOptions = {}) => {
      checkNames(options, "containerId", "last");
      const { containerId } = options;
      if (containerId !== undefined && typeof containerId !== "string") {
        const message = `Cannot use containerId "${shown(containerId)}": not a string`;
        throw invalidArgument("containerId", message);
      }
      if (options.last !== undefined) checkCount("last", options.last, 0);
      return recordingText(journal, options);
    },
    toJSON: () => ({
      format: "libcontainerd.recording",
      version: 1,
      dropped: journal.dropped,
      writtenAtMs: journal.nowMs,
      entries: journal.entries,
    }),
  };
}

function checkCount(field: string, value: unknown, least: number): void {
  if (value === Infinity || (Number.isSafeInteger(value) && Number(value) >= least)) return;
  const message = `Cannot use ${field} "${shown(value)}": not a whole number from ${least}`;
  throw invalidArgument(field, message);
}
