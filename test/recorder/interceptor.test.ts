import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamResponse, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { flightRecorder, type RpcReturnEntry } from "../../plugins/recorder/mod.ts";

type Messages = AsyncIterable<object>;

/** Calls through the interceptor of a new recorder; gives the messages, and what is taken down. */
async function streamed(messages: Messages, signal: AbortSignal) {
  const recorder = flightRecorder();
  const request = {
    stream: true,
    service: { typeName: "example.Service" },
    method: { name: "Stream" },
    signal,
    message: (async function* () {})(),
  };
  const answer = { stream: true, message: messages } as unknown as StreamResponse;
  const call = recorder.interceptor(() => Promise.resolve(answer as unknown as UnaryResponse));
  const response = await call(request as unknown as UnaryRequest);
  const ends = () =>
    recorder.entries().filter((entry): entry is RpcReturnEntry => entry.kind === "rpc-return");
  return { recorder, ends, messages: response.message as unknown as Messages };
}

async function* two(): AsyncGenerator<object> {
  yield {};
  yield {};
}

describe("flightRecorder().interceptor", () => {
  it("interceptor takes down the end of a stream that is aborted before it is read", async () => {
    const abort = new AbortController();
    const { recorder, ends } = await streamed(two(), abort.signal);
    assert.deepEqual(ends(), []);
    assert.match(recorder.text(), /PENDING/);
    abort.abort(new Error("enough"));
    assert.deepEqual(
      ends().map(({ outcome, received, message }) => [outcome, received, message]),
      [["aborted", 0, "enough"]],
    );
    assert.doesNotMatch(recorder.text(), /PENDING/);
  });

  it("interceptor takes down one end of a stream that is read, also if it is aborted later", async () => {
    const abort = new AbortController();
    const { ends, messages } = await streamed(two(), abort.signal);
    for await (const _ of messages);
    abort.abort();
    assert.deepEqual(ends().map(({ outcome, received }) => [outcome, received]), [["ok", 2]]);
  });

  it("interceptor takes down what a stream says when it is aborted while it is read", async () => {
    const abort = new AbortController();
    const failing = async function* () {
      yield {};
      if (abort.signal.aborted) throw new Error("cut off");
    };
    const { ends, messages } = await streamed(failing(), abort.signal);
    await assert.rejects(async () => {
      for await (const _ of messages) abort.abort(new Error("enough"));
    }, /cut off/);
    assert.deepEqual(
      ends().map(({ outcome, received, message }) => [outcome, received, message]),
      [["aborted", 1, "cut off"]],
    );
  });
});
