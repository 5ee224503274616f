import type { ErrorCode } from "../../src/errors.ts";
import type { RecordedMethod } from "./methods.ts";

/** A value in terms of JSON. */
export type RecordedValue =
  | null
  | boolean
  | number
  | string
  | readonly RecordedValue[]
  | RecordedObject;

/** An object in terms of JSON. */
export interface RecordedObject {
  /** Its members. */
  readonly [name: string]: RecordedValue;
}

/** What every entry has. */
export interface EntryBase {
  /** Counts the entries of a recorder, from 1. */
  readonly seq: number;
  /** When it was taken down, in milliseconds since the recorder was made, by a clock that never jumps. */
  readonly atMs: number;
  /** When it was taken down, in milliseconds since 1970, by the clock of this host. */
  readonly timeMs: number;
  /** The container it is about. */
  readonly containerId?: string | undefined;
  /** The process it is about; `init` is the first one. */
  readonly processId?: string | undefined;
}

/** A call to a runtime, or to one of its handles, began. */
export interface CallEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "call";
  /** Number of the call. */
  readonly call: number;
  /** What was called. */
  readonly method: RecordedMethod;
  /** Number of the handle that it was called on. */
  readonly on: number;
  /** What it was given, without secrets. */
  readonly arguments: RecordedObject;
}

/** How something ended that takes time: `aborted` is by the caller's own signal. */
export type Outcome = "ok" | "error" | "aborted";

/** A call ended. */
export interface ReturnEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "return";
  /** Number of the call. */
  readonly call: number;
  /** How it ended. */
  readonly outcome: Outcome;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** What it gave, as far as that is kept. */
  readonly value?: RecordedObject | undefined;
  /** Number of the handle that it gave. */
  readonly handle?: number | undefined;
  /** The kind of the error; missing for one that is not of this library. */
  readonly code?: ErrorCode | undefined;
  /** The exit code that came with the error, of a process that could not be started. */
  readonly exitCode?: number | undefined;
  /** The message of the error. */
  readonly message?: string | undefined;
}

/** A handle got to know how its process ended. */
export interface ExitedEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "exited";
  /** Number of the handle. */
  readonly on: number;
  /** How it ended, with dates as ISO texts. */
  readonly status: RecordedObject;
}

/** A stream of events brought one. */
export interface EventEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "event";
  /** Number of the call that subscribed. */
  readonly call: number;
  /** The event, with dates as ISO texts. */
  readonly event: RecordedObject;
}

/** A stream of events ended, or its reader turned away. */
export interface EventsEndEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "events-end";
  /** Number of the call that subscribed. */
  readonly call: number;
  /** How it ended: by itself, by its reader, or with an error. */
  readonly outcome: "end" | "left" | "error";
  /** The message of the error. */
  readonly message?: string | undefined;
}

/** A stream of a process. */
export type StreamName = "stdin" | "stdout" | "stderr";

/**
 * What happened to a stream of a process. Of an output: `data` was read, it came to its `end`, its
 * reader did `cancel` it. Of the input: `write` began, what was written was `taken`, it did `close`,
 * or its writer did `abort` it. Each may have an `error`.
 */
export type StdioEdge =
  | "data"
  | "end"
  | "cancel"
  | "write"
  | "taken"
  | "close"
  | "abort"
  | "error";

/** Something happened to a stream of a process. */
export interface StdioEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "stdio";
  /** Number of the handle that has the stream. */
  readonly on: number;
  /** Which stream. */
  readonly stream: StreamName;
  /** What happened. */
  readonly edge: StdioEdge;
  /** How many bytes went before; 0 with the first ones. */
  readonly offset: number;
  /** How many bytes there are, of `data`, `write` and `taken`. */
  readonly bytes?: number | undefined;
  /** The bytes in base64, if contents were asked for. */
  readonly contents?: string | undefined;
  /** The message of the error. */
  readonly message?: string | undefined;
}

/** A remote procedure call began. */
export interface RpcEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "rpc";
  /** Number of the remote procedure call. */
  readonly rpc: number;
  /** Service and method: `containerd.services.tasks.v1.Tasks/Start`. */
  readonly method: string;
  /** Whether it sends, or receives, any number of messages. */
  readonly streams: boolean;
}

/** A remote procedure call ended. */
export interface RpcReturnEntry extends EntryBase {
  /** Discriminates the union. */
  readonly kind: "rpc-return";
  /** Number of the remote procedure call. */
  readonly rpc: number;
  /** How it ended. */
  readonly outcome: Outcome;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages that came. */
  readonly received: number;
  /** The code of the error, in the spelling of gRPC: `not_found`. */
  readonly code?: string | undefined;
  /** The message of the error. */
  readonly message?: string | undefined;
}

/** One line of a recording. */
export type Entry =
  | CallEntry
  | ReturnEntry
  | ExitedEntry
  | EventEntry
  | EventsEndEntry
  | StdioEntry
  | RpcEntry
  | RpcReturnEntry;

/** What a flight recorder has taken down, in terms of JSON. */
export interface Recording {
  /** Tells it from other documents. */
  readonly format: "libcontainerd.recording";
  /** Version of the format. */
  readonly version: 1;
  /** How many entries fell out, for want of room. */
  readonly dropped: number;
  /** When it was written, in milliseconds since the recorder was made. */
  readonly writtenAtMs: number;
  /** The entries, oldest first; what had not ended is there even if it began long ago. */
  readonly entries: readonly Entry[];
}
