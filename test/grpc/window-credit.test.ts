import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { WindowCredit } from "../../plugins/grpc/window-credit.ts";
import { decodeRaw, encodeRaw, frameType, settingsPayload, uint32 } from "./wire-frames.ts";

const initialWindow = (bytes: number) =>
  encodeRaw(frameType.settings, 0, 0, settingsPayload([[5, 20_000], [4, bytes]]));
const data = (id: number, bytes: number) =>
  encodeRaw(frameType.data, 0, id, Buffer.alloc(bytes, 7));

/** What came out, in short: type, stream, and for settings and window updates their payload. */
function shown(bytes: readonly Uint8Array[]): string[] {
  const { frames, rest } = decodeRaw(Buffer.concat(bytes));
  assert.equal(rest.byteLength, 0);
  return frames.map(({ type, id, payload }) => {
    if (type === frameType.windowUpdate) return `window ${id} +${payload.readUInt32BE(0)}`;
    return type === frameType.settings ? `settings ${payload.byteLength}` : `data ${id}`;
  });
}

describe("WindowCredit", () => {
  it("read() passes everything on as it is before a stream is open", () => {
    const out: Uint8Array[] = [];
    const credit = new WindowCredit((chunk) => out.push(chunk));
    const input = Buffer.concat([initialWindow(100_000), data(1, 300)]);
    credit.read(input);
    assert.deepEqual(Buffer.concat(out), input);
    credit.opened(1);
    assert.deepEqual(shown(out), ["settings 12", "data 1"]);
  });

  it("read() turns a raise into a window update of each open stream", () => {
    const out: Uint8Array[] = [];
    const credit = new WindowCredit((chunk) => out.push(chunk));
    for (const id of [1, 3, 5]) credit.opened(id);
    credit.closed(3);
    credit.read(initialWindow(65_535 + 10));
    credit.read(initialWindow(65_535 + 30));
    assert.deepEqual(shown(out), [
      "settings 6",
      "window 1 +10",
      "window 5 +10",
      "settings 6",
      "window 1 +20",
      "window 5 +20",
    ]);
    credit.opened(7);
    assert.deepEqual(shown(out).slice(6), ["window 7 +30"]);
  });

  it("read() passes a lower value on", () => {
    const out: Uint8Array[] = [];
    const credit = new WindowCredit((chunk) => out.push(chunk));
    credit.opened(1);
    credit.read(initialWindow(1000));
    credit.opened(3);
    assert.deepEqual(shown(out), ["settings 12"]);
  });

  it("read() gives the same whatever the pieces are that the bytes arrive in", () => {
    const input = Buffer.concat([
      data(1, 40),
      initialWindow(70_000),
      encodeRaw(frameType.windowUpdate, 0, 1, uint32(5)),
      data(3, 0),
      initialWindow(80_000),
      data(1, 3),
    ]);
    const outputOf = (pieces: readonly Buffer[]) => {
      const out: Uint8Array[] = [];
      const credit = new WindowCredit((chunk) => out.push(Buffer.from(chunk)));
      credit.opened(1);
      for (const piece of pieces) credit.read(piece);
      return Buffer.concat(out);
    };
    const whole = outputOf([input]);
    assert.deepEqual(shown([whole]).filter((line) => line.startsWith("window")), [
      "window 1 +4465",
      "window 1 +5",
      "window 1 +10000",
    ]);
    assert.deepEqual(outputOf([...input].map((byte) => Buffer.from([byte]))), whole);
    for (let at = 1; at < input.byteLength; at++) {
      assert.deepEqual(
        outputOf([input.subarray(0, at), input.subarray(at)]),
        whole,
        `cut at ${at}`,
      );
    }
  });

  it("opened() puts its update behind the frame that is under way", () => {
    const out: Uint8Array[] = [];
    const credit = new WindowCredit((chunk) => out.push(chunk));
    credit.opened(1);
    credit.read(initialWindow(65_535 + 10));
    const frame = data(1, 100);
    credit.read(frame.subarray(0, 50));
    credit.opened(3);
    credit.read(frame.subarray(50));
    assert.deepEqual(shown(out), ["settings 6", "window 1 +10", "data 1", "window 3 +10"]);
  });

  it("opened() from within the reader waits until it returns", () => {
    const out: Uint8Array[] = [];
    let depth = 0;
    const credit = new WindowCredit((chunk) => {
      assert.equal(depth++, 0);
      if (chunk[3] === frameType.data) credit.opened(3);
      out.push(chunk);
      depth--;
    });
    credit.opened(1);
    credit.read(initialWindow(65_535 + 10));
    credit.read(data(1, 5));
    assert.deepEqual(shown(out), ["settings 6", "window 1 +10", "data 1", "window 3 +10"]);
  });
});
