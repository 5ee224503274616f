import { ERROR_CODES } from "./error-codes.ts";
import { RECORDED_METHODS } from "./methods.ts";
import {
  boolean,
  type Check,
  integer,
  isRecord,
  list,
  oneOf,
  options,
  refuse,
} from "../../src/oci/check.ts";
import type { Recording } from "./recording.ts";

const count = integer(0, Number.MAX_SAFE_INTEGER);

const time: Check = (value, at) => {
  if (typeof value !== "number" || !Number.isFinite(value)) refuse(at, "not a number");
};

const string: Check = (value, at) => {
  if (typeof value !== "string") refuse(at, "not a string");
};

const object: Check = (value, at) => {
  if (!isRecord(value)) refuse(at, "not an object");
};

const base64: Check = (value, at) => {
  if (typeof value !== "string") refuse(at, "not a string");
  const isWhole = value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
  if (!isWhole) refuse(at, "not base64");
};

/** An object with a text of a certain name in it. */
function tagged(name: string, ...words: readonly string[]): Check {
  const tag = words.length > 0 ? oneOf(...words) : string;
  return (value, at) => {
    object(value, at);
    tag((value as Record<string, unknown>)[name], `${at}.${name}`);
  };
}

const base = { seq: count, atMs: time, timeMs: time };
const ids = { containerId: string, processId: string };
const outcome = oneOf("ok", "error", "aborted");
const call = { call: count, ...base };

const KINDS: Readonly<Record<string, Check>> = {
  call: options(ids, {
    ...call,
    kind: string,
    method: oneOf(...RECORDED_METHODS),
    on: count,
    arguments: object,
  }),
  return: options({
    ...ids,
    value: object,
    handle: count,
    code: oneOf(...ERROR_CODES),
    exitCode: integer(0, 255),
    message: string,
  }, { ...call, kind: string, outcome, durationMs: time }),
  exited: options({}, {
    ...base,
    ...ids,
    kind: string,
    on: count,
    status: tagged("state", "exited", "lost"),
  }),
  event: options(ids, { ...call, kind: string, event: tagged("type") }),
  "events-end": options({ message: string }, {
    ...call,
    kind: string,
    outcome: oneOf("end", "left", "error"),
  }),
  stdio: options({ bytes: count, contents: base64, message: string }, {
    ...base,
    ...ids,
    kind: string,
    on: count,
    stream: oneOf("stdin", "stdout", "stderr"),
    edge: oneOf("data", "end", "cancel", "write", "taken", "close", "abort", "error"),
    offset: count,
  }),
  rpc: options(ids, { ...base, kind: string, rpc: count, method: string, streams: boolean }),
  "rpc-return": options({ ...ids, code: string, message: string }, {
    ...base,
    kind: string,
    rpc: count,
    outcome,
    durationMs: time,
    sent: count,
    received: count,
  }),
};

const isKind = oneOf(...Object.keys(KINDS));

const entry: Check = (value, at) => {
  if (!isRecord(value)) refuse(at, "not an object");
  const { kind } = value;
  isKind(kind, `${at}.kind`);
  KINDS[String(kind)]?.(value, at);
};

const recording = options({}, {
  format: oneOf("libcontainerd.recording"),
  version: (value, at) => {
    if (value !== 1) refuse(at, "not a version that this library knows: 1");
  },
  dropped: count,
  writtenAtMs: time,
  entries: list(entry),
});

/**
 * Reads a recording, which may come from anywhere: every field of it is checked.
 *
 * @param json A text of JSON, or what is parsed from one.
 * @throws {ContainerError} `invalid_argument` with the path of the first field that is wrong.
 */
export function parseRecording(json: unknown): Recording {
  const value = typeof json === "string" ? parsed(json) : json;
  recording(value, "recording");
  const { entries } = value as Recording;
  const calls = new Set<number>();
  entries.forEach(({ seq, ...each }, index) => {
    const before = entries[index - 1];
    if (before && seq <= before.seq) refuse(`recording.entries[${index}].seq`, "out of order");
    if (each.kind !== "call") return;
    if (calls.has(each.call)) {
      refuse(`recording.entries[${index}].call`, "the number is there twice");
    }
    calls.add(each.call);
  });
  return value as Recording;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return refuse("recording", "not JSON");
  }
}
