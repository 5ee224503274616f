import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runScript } from "../helpers/runtime.ts";
import { eventBytes, versionBytes } from "./bed.ts";
import type { WireConnection, WireStream } from "./wire-connection.ts";
import { WireServer, type WireServerOptions } from "./wire-server.ts";

const child = new URL("event-loop-child.ts", import.meta.url);

/**
 * Runs the child against a scripted server, one script for each connection in turn; it must make
 * all of them and end by itself, and well.
 */
async function run(
  mode: string,
  scripts: ReadonlyArray<(connection: WireConnection) => Promise<void>>,
  options: WireServerOptions = {},
): Promise<string[]> {
  const rest = [...scripts];
  const server = await WireServer.listen(async (connection) => {
    const script = rest.shift();
    await script?.(connection);
  }, options);
  try {
    const result = await runScript("current", child, [server.address, mode]);
    assert.equal(rest.length, 0, `connections that were not made; stderr: ${result.stderr}`);
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    return result.stdout.trim().split("\n");
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

async function loseFirstCall(connection: WireConnection): Promise<void> {
  await connection.nextStream();
  connection.destroy();
}

async function openEvents(stream: WireStream): Promise<void> {
  stream.headers();
  await stream.message(eventBytes("/a"));
}

/** Nothing is to happen meanwhile: long enough for a process whose event loop is empty to be gone. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 500));

describe("event loop", () => {
  it("grpc() lets the process end while it is idle", async () => {
    const lines = await run("idle", [async (connection) => {
      await (await connection.nextStream()).answer(versionBytes("1"));
    }]);
    assert.deepEqual(lines, ["done"]);
  });

  it("grpc() lets the process end under a background stream", async () => {
    const calls: WireStream[] = [];
    const lines = await run("background", [(connection) =>
      connection.serve(async (stream) => {
        // Only the subscription says something; it is not told which of them comes first.
        if ((await stream.request).byteLength > 5) return await openEvents(stream);
        calls.push(stream);
        if (calls.length === 2) { for (const call of calls) await call.answer(versionBytes("1")); }
      })]);
    assert.deepEqual(lines, ["subscribed", "done"]);
  });

  it("grpc() lets the process end under a background call", async () => {
    assert.deepEqual(await run("background call", [async () => {}]), ["done"]);
  });

  it("grpc() lets the process end while a background call connects", async () => {
    const lines = await run("background connection", [loseFirstCall, async () => {}], {
      silentAfter: 1,
    });
    assert.deepEqual(lines, ["lost", "done"]);
  });

  it("grpc() keeps the process alive while a call connects", async () => {
    const lines = await run("connection", [loseFirstCall, async (connection) => {
      await pause();
      connection.settings([]);
      await (await connection.nextStream()).answer(versionBytes("late"));
    }], { silentAfter: 1 });
    assert.deepEqual(lines, ["lost", "late", "done"]);
  });

  it("grpc() keeps the process alive while a call waits for its turn", async () => {
    const lines = await run("turn", [async (connection) => {
      const stream = await connection.nextStream();
      await openEvents(stream);
      await pause();
      stream.trailers([["grpc-status", "0"]]);
      await (await connection.nextStream()).answer(versionBytes("late"));
    }], { settings: [[3, 1]] });
    assert.deepEqual(lines, ["subscribed", "late", "done"]);
  });

  it("grpc() keeps the process alive under a stream", async () => {
    const lines = await run("stream", [async (connection) => {
      const stream = await connection.nextStream();
      await openEvents(stream);
      await pause();
      stream.trailers([["grpc-status", "0"]]);
    }]);
    assert.deepEqual(lines, ["subscribed", "ended", "done"]);
  });

  it("grpc() keeps the process alive under a call", async () => {
    const lines = await run("call", [async (connection) => {
      const stream = await connection.nextStream();
      await pause();
      await stream.answer(versionBytes("late"));
    }]);
    assert.deepEqual(lines, ["late", "done"]);
  });

  it("asyncDispose leaves nothing that keeps the process alive", async () => {
    const lines = await run("disposed", [async (connection) => {
      await openEvents(await connection.nextStream());
    }]);
    assert.deepEqual(lines, ["rejected", "done"]);
  });
});
