import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isRetryable } from "../../plugins/rpc/mod.ts";
import { rejection } from "../helpers/rejection.ts";
import { eventBytes, failure, take, versionBytes, withServer } from "./bed.ts";
import type { WireConnection } from "./wire-connection.ts";
import { frameType } from "./wire-frames.ts";

/** Streams that the client has opened so far. */
function opened(connection: WireConnection | undefined): number {
  return connection?.received.filter((frame) => frame.type === frameType.headers).length ?? 0;
}

async function openEvents(connection: WireConnection): Promise<void> {
  const stream = await connection.nextStream();
  stream.headers();
  await stream.message(eventBytes("/a"));
}

describe("Watchdogs", () => {
  it("Watchdogs end the connection after so many missing answers in a row", async () => {
    await withServer(openEvents, async ({ server, events }) => {
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      await take(stream, 1);
      const raw = await rejection(stream.next());
      const error = await failure(Promise.reject(raw));
      assert.equal(error.code, "unavailable");
      const lost = `lost connection to "${server.address}": no sign of life`;
      assert.ok(error.message.includes(lost), error.message);
      assert.equal(isRetryable(raw), true);
      const [connection] = server.connections;
      await connection?.closed;
      assert.ok(opened(connection) >= 1 + 3);
    }, { grpc: { healthIntervalMs: 30, healthTimeoutMs: 20, healthMisses: 3 } });
  });

  it("Watchdogs take an answer, also an error, for a sign of life", async () => {
    await withServer(async (connection) => {
      await openEvents(connection);
      // Every other one is missed: more than enough of them, but never in a row. An answer that this
      // machine is too slow for does not matter, for it would take three of them.
      for (let check = 1;; check++) {
        const stream = await connection.nextStream();
        if (check % 2 === 0) stream.fail("12", [["grpc-message", "unknown service"]]);
      }
    }, async ({ server, events }) => {
      const controller = new AbortController();
      const stream = events.subscribe({}, { signal: controller.signal })[Symbol.asyncIterator]();
      await take(stream, 1);
      const next = rejection(stream.next());
      const [connection] = server.connections;
      await connection?.until(() => opened(connection) >= 1 + 2 * 7);
      controller.abort();
      await next;
      assert.equal(server.connections.length, 1);
    }, { grpc: { healthIntervalMs: 200, healthTimeoutMs: 200, healthMisses: 6 } });
  });

  it("Watchdogs ask nothing while no stream is open", async () => {
    await withServer(async (connection) => {
      const first = await connection.nextStream();
      first.headers();
      first.trailers([["grpc-status", "0"]]);
      await connection.serve((stream) => stream.answer(versionBytes("1")));
    }, async ({ server, events, version }) => {
      for await (const event of events.subscribe({})) assert.fail(event.topic);
      // What was asked while the stream was open has arrived before this call.
      await version.version({});
      const before = opened(server.connections[0]);
      // Nothing is to happen meanwhile, for many intervals.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await version.version({});
      assert.equal(opened(server.connections[0]), before + 1);
    }, { grpc: { healthIntervalMs: 5, healthMisses: 1000 } });
  });

  it("Watchdogs do not take a full connection for a dead one", async () => {
    await withServer(openEvents, async ({ server, events, version }) => {
      const controller = new AbortController();
      const stream = events.subscribe({}, { signal: controller.signal })[Symbol.asyncIterator]();
      await take(stream, 1);
      const next = rejection(stream.next());
      // Waits for the only stream, for longer than the watchdog waits; nothing is to happen meanwhile.
      await rejection(version.version({}, { signal: AbortSignal.timeout(100) }));
      controller.abort();
      await next;
      assert.equal(opened(server.connections[0]), 1);
      assert.equal(server.connections.length, 1);
    }, {
      settings: [[3, 1]],
      grpc: { healthIntervalMs: 5, healthTimeoutMs: 5, healthMisses: 1 },
    });
  });
});
