import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createClient } from "@connectrpc/connect";
import { grpc } from "../../plugins/grpc/mod.ts";
import { isRetryable } from "../../plugins/rpc/mod.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import { rejection } from "../helpers/rejection.ts";
import { eventBytes, failure, take, versionBytes, withServer } from "./bed.ts";
import type { WireConnection } from "./wire-connection.ts";
import { flag, frameType, h2Error } from "./wire-frames.ts";
import { listenRaw, WireServer } from "./wire-server.ts";

const answering = (connection: WireConnection) =>
  connection.serve((stream) => stream.answer(versionBytes("1")));

describe("grpc() connection", () => {
  it("grpc() makes one connection for many callers", async () => {
    await withServer(answering, async ({ server, version }) => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => version.version({})));
      assert.deepEqual(answers.map((answer) => answer.version), Array(50).fill("1"));
      assert.equal(server.connections.length, 1);
    });
  });

  it("grpc() reconnects on the next call, once for all callers", async () => {
    await withServer(answering, async ({ server, version }) => {
      await version.version({});
      const [first] = server.connections;
      first?.destroy();
      await first?.closed;
      // The client may learn of it only by a call that fails: that one is not retried.
      await version.version({}).catch(() => {});
      await Promise.all(Array.from({ length: 20 }, () => version.version({})));
      assert.equal(server.connections.length, 2);
    });
  });

  it("grpc() rejects a call whose connection dies as unavailable and retryable", async () => {
    await withServer(async (connection) => {
      await (await connection.nextStream()).request;
      connection.destroy();
    }, async ({ server, version }) => {
      const call = version.version({});
      const raw = await rejection(call);
      assert.equal(isRetryable(raw), true);
      const error = await failure(Promise.reject(raw));
      assert.equal(error.code, "unavailable");
      assert.ok(error.message.includes(server.address), error.message);
    });
  });

  it("grpc() keeps connecting for others when one caller aborts", async () => {
    const gate = Promise.withResolvers<void>();
    let connections = 0;
    await withServer(async (connection) => {
      connections++;
      // The first connection is the one of grpc() itself.
      if (connections === 1) return connection.settings([]);
      await gate.promise;
      connection.settings([]);
      await answering(connection);
    }, async ({ server, version }) => {
      server.connections[0]?.destroy();
      await server.connections[0]?.closed;
      await version.version({}).catch(() => {});
      const reason = new Error("enough");
      const controller = new AbortController();
      const aborted = version.version({}, { signal: controller.signal });
      const patient = version.version({});
      controller.abort(reason);
      assert.equal(await rejection(failure(aborted, controller.signal)), reason);
      gate.resolve();
      assert.equal((await patient).version, "1");
    }, { settings: null });
  });

  it("grpc() rejects with the reason when the only caller aborts while connecting", async () => {
    const server = await WireServer.listen(() => {}, { settings: null });
    try {
      const reason = new Error("enough");
      const controller = new AbortController();
      const opening = grpc({ address: server.address })({ signal: controller.signal });
      queueMicrotask(() => controller.abort(reason));
      assert.equal(await rejection(opening), reason);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it("grpc() finishes open calls after GOAWAY and makes new ones elsewhere", async () => {
    const second = Promise.withResolvers<void>();
    await withServer(async (connection, server) => {
      if (server.connections.length > 1) return answering(connection);
      const stream = await connection.nextStream();
      connection.goaway(stream.id, h2Error.none);
      await second.promise;
      await stream.answer(versionBytes("old"));
    }, async ({ server, version }) => {
      const open = version.version({});
      await server.connections[0]?.until(() => server.connections[0]?.openStreams.size === 1);
      // Until the GOAWAY has arrived, calls may still be made on the old connection; it has when
      // the server sees a second one.
      while (server.connections.length < 2) {
        const later = version.version({}, { timeoutMs: 200 });
        await later.catch(() => {});
      }
      assert.equal((await version.version({})).version, "1");
      second.resolve();
      assert.equal((await open).version, "old");
    });
  });

  it("grpc() obeys the server's limit of streams", async () => {
    let most = 0;
    await withServer(async (connection) => {
      await connection.serve(async (stream) => {
        most = Math.max(most, connection.openStreams.size);
        await stream.request;
        await new Promise((resolve) => setImmediate(resolve));
        await stream.answer(versionBytes("1"));
      });
    }, async ({ version }) => {
      await Promise.all(Array.from({ length: 20 }, () => version.version({})));
      assert.ok(most <= 2, `${most} streams were open at a time`);
    }, { settings: [[3, 2]] });
  });

  it("grpc() lets a call that waits for a stream be aborted", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      const next = await connection.nextStream();
      void stream;
      await next.answer(versionBytes("2"));
    }, async ({ server, version }) => {
      const first = new AbortController();
      const holder = version.version({}, { signal: first.signal });
      await server.connections[0]?.until(() => server.connections[0]?.openStreams.size === 1);
      const second = new AbortController();
      const reason = new Error("no patience");
      const waiting = version.version({}, { signal: second.signal });
      const third = version.version({});
      second.abort(reason);
      assert.equal(await rejection(failure(waiting, second.signal)), reason);
      assert.equal(server.connections[0]?.openStreams.size, 1);
      first.abort();
      await rejection(holder);
      assert.equal((await third).version, "2");
    }, { settings: [[3, 1]] });
  });

  it("grpc() never sends a PING", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      await connection.serve((check) => check.answer());
    }, async ({ server, events }) => {
      const controller = new AbortController();
      const pending = take(
        events.subscribe({}, { signal: controller.signal })[Symbol.asyncIterator](),
        1,
      );
      const [connection] = server.connections;
      // Three health checks: long enough for whatever would ping.
      await connection?.until(() =>
        connection.received.filter((frame) => frame.type === frameType.headers).length >= 4
      );
      controller.abort();
      await rejection(pending);
      const pings = connection?.received.filter((frame) =>
        frame.type === frameType.ping && (frame.flags & flag.ack) === 0
      );
      assert.deepEqual(pings, []);
    }, { grpc: { healthIntervalMs: 20, healthMisses: 1000 } });
  });

  const strangers = {
    "that closes at once": (socket: import("node:net").Socket) => void socket.end(),
    "that speaks HTTP/1.1": (socket: import("node:net").Socket) =>
      void socket.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
    "that sends noise": (socket: import("node:net").Socket) =>
      void socket.write(new Uint8Array(4096).map((_, at) => (at * 37) % 256)),
  };
  for (const [name, onConnection] of Object.entries(strangers)) {
    it(`grpc() refuses a peer ${name}`, async () => {
      const server = await listenRaw(onConnection);
      try {
        const opening = grpc({ address: server.address, connectTimeoutMs: 2000 })();
        const error = await rejection(opening);
        assert.ok(isContainerError(error, "unavailable"), String(error));
        assert.ok(error.message.startsWith(`Cannot connect to "${server.address}": `));
      } finally {
        await server[Symbol.asyncDispose]();
      }
    });
  }

  it("grpc() gives up a peer that stays silent", async () => {
    const server = await listenRaw(() => {});
    try {
      const error = await rejection(grpc({ address: server.address, connectTimeoutMs: 50 })());
      assert.ok(isContainerError(error, "unavailable"), String(error));
      assert.equal(
        error.message,
        `Cannot connect to "${server.address}": no answer within 50 ms`,
      );
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it("grpc() tells where there is no socket", async () => {
    const error = await rejection(grpc({ address: "/nonexistent/x.sock" })());
    assert.ok(isContainerError(error, "unavailable"), String(error));
    assert.equal(
      error.message,
      'Cannot connect to "unix:///nonexistent/x.sock": no such socket (ENOENT)',
    );
  });

  it("asyncDispose rejects open calls and streams, and all later calls", async () => {
    await withServer(async (connection) => {
      await connection.nextStream();
      const stream = await connection.nextStream();
      stream.headers();
      await stream.message(eventBytes("/a"));
    }, async ({ server, rpc, version, events }) => {
      const call = failure(version.version({}));
      const [connection] = server.connections;
      await connection?.until(() => connection.openStreams.size === 1);
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      await take(stream, 1);
      const next = failure(stream.next());
      await Promise.all([rpc[Symbol.asyncDispose](), rpc[Symbol.asyncDispose]()]);
      const text = `Cannot test "it": lost connection to "${server.address}": client closed`;
      for (const error of [await call, await next, await failure(version.version({}))]) {
        assert.equal(error.code, "unavailable");
        assert.equal(error.message, text);
        assert.equal(isRetryable(error), false);
      }
      const client = createClient(Version, rpc.transport);
      assert.equal((await failure(client.version({}))).message, text);
    });
  });
});
