import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRecording } from "../../plugins/recorder/mod.ts";
import { isContainerError } from "../../src/errors.ts";

const base = { atMs: 0, timeMs: 0 };
const call = {
  kind: "call",
  seq: 1,
  ...base,
  call: 1,
  method: "runtime.version",
  on: 1,
  arguments: {},
};
const returned = { kind: "return", seq: 2, ...base, call: 1, outcome: "ok", durationMs: 1 };
const stdio = {
  kind: "stdio",
  seq: 3,
  ...base,
  on: 4,
  containerId: "web",
  processId: "init",
  stream: "stdout",
  edge: "data",
  offset: 0,
  bytes: 3,
  contents: "YWJj",
};
const recording = {
  format: "libcontainerd.recording",
  version: 1,
  dropped: 0,
  writtenAtMs: 1,
  entries: [call, returned, stdio],
};

function refused(value: unknown, field: string): void {
  assert.throws(() => parseRecording(value), (error) => {
    assert.ok(isContainerError(error, "invalid_argument"), String(error));
    assert.equal(error.field, field);
    assert.ok(error.message.includes(field), error.message);
    return true;
  });
}

function refusedEntry(entry: object, field: string): void {
  refused({ ...recording, entries: [entry] }, `recording.entries[0]${field}`);
}

describe("parseRecording()", () => {
  it("parseRecording() takes a recording, or its text", () => {
    assert.deepEqual(parseRecording(recording), recording);
    assert.deepEqual(parseRecording(JSON.stringify(recording)), recording);
  });

  it("parseRecording() takes contents of any size, padded or not", () => {
    for (const contents of ["", "YQ==", "YWI=", "YWJj", "+/+/", btoa("x".repeat(3_000_001))]) {
      const whole = { ...recording, entries: [{ ...stdio, contents }] };
      assert.deepEqual(parseRecording(whole), whole);
    }
  });

  it("parseRecording() refuses what is no recording", () => {
    refused("{", "recording");
    refused(undefined, "recording");
    refused([], "recording");
    refused({}, "recording.format");
    refused({ ...recording, format: "har" }, "recording.format");
    refused({ ...recording, version: 2 }, "recording.version");
    refused({ ...recording, entries: {} }, "recording.entries");
    refused({ ...recording, dropped: -1 }, "recording.dropped");
    refused({ ...recording, more: 1 }, "recording.more");
  });

  it("parseRecording() refuses entries by the path of the field that is wrong", () => {
    refusedEntry({ ...call, kind: "cal" }, ".kind");
    refusedEntry({ ...call, kind: "constructor" }, ".kind");
    refusedEntry({ ...call, method: "runtime.explode" }, ".method");
    refusedEntry({ ...call, on: "1" }, ".on");
    refusedEntry({ ...call, atMs: "now" }, ".atMs");
    refusedEntry({ ...call, containerId: null }, ".containerId");
    refusedEntry({ ...returned, code: "not-found" }, ".code");
    refusedEntry({ ...returned, exitCode: 256 }, ".exitCode");
    for (const contents of ["*", "____", "YWJ", "YW=J", "====", 3]) {
      refusedEntry({ ...stdio, contents }, ".contents");
    }
    refusedEntry({ ...stdio, bytes: 2 ** 60 }, ".bytes");
    refusedEntry({ ...stdio, edge: "begin" }, ".edge");
    const { processId: _, ...nobody } = stdio;
    refusedEntry(nobody, ".processId");
    const event = { kind: "event", seq: 1, ...base, call: 1, event: {} };
    refusedEntry(event, ".event.type");
    const exited = { kind: "exited", seq: 1, ...base, on: 1, containerId: "a", processId: "b" };
    refusedEntry({ ...exited, status: { state: "asleep" } }, ".status.state");
  });

  it("parseRecording() refuses entries out of order, and numbers that are there twice", () => {
    const entries = [returned, call];
    refused({ ...recording, entries }, "recording.entries[1].seq");
    const twice = [call, { ...call, seq: 2 }];
    refused({ ...recording, entries: twice }, "recording.entries[1].call");
  });
});
