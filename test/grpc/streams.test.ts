import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createClient } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { create, toBinary } from "@bufbuild/protobuf";
import { isRetryable } from "../../plugins/rpc/mod.ts";
import {
  Content,
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import { rejection } from "../helpers/rejection.ts";
import { eventBytes, failure, take, withServer } from "./bed.ts";
import { h2Error } from "./wire-frames.ts";

/** The size of the messages of {@linkcode Content} that the upload test sends. */
const chunkBytes = 100_000;

describe("stream()", () => {
  it("stream() reads messages as they come, to the end", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      for (const topic of ["/a", "/b", "/c"]) await stream.message(eventBytes(topic));
      stream.trailers([["grpc-status", "0"]]);
    }, async ({ events }) => {
      const topics: string[] = [];
      for await (const event of events.subscribe({})) topics.push(event.topic);
      assert.deepEqual(topics, ["/a", "/b", "/c"]);
    });
  });

  it("stream() rejects with the server's error", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      await stream.message(eventBytes("/a"));
      stream.trailers([["grpc-status", "8"], ["grpc-message", "enough"]]);
    }, async ({ events }) => {
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      await take(stream, 1);
      const error = await failure(stream.next());
      assert.equal(error.code, "resource_exhausted");
      assert.equal(error.message, 'Cannot test "it": enough');
    });
  });

  it("stream() is unavailable, not cancelled, when the connection dies", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      await stream.message(eventBytes("/a"));
      await (await connection.nextStream()).request;
      connection.destroy();
    }, async ({ server, events, version }) => {
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      await take(stream, 1);
      const next = rejection(stream.next());
      await rejection(version.version({}));
      const raw = await next;
      assert.equal(isRetryable(raw), true);
      const error = await failure(Promise.reject(raw));
      assert.equal(error.code, "unavailable");
      assert.ok(error.message.includes(server.address), error.message);
    });
  });

  it("stream() is unavailable when the server cancels it, and the connection lives on", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      await stream.message(eventBytes("/a"));
      stream.reset(h2Error.cancel);
      const other = await connection.nextStream();
      await other.answer();
    }, async ({ server, events, version }) => {
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      await take(stream, 1);
      assert.equal((await failure(stream.next())).code, "unavailable");
      await version.version({});
      assert.equal(server.connections.length, 1);
    });
  });

  it("stream() resets on abort and rejects with the reason", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      await stream.message(eventBytes("/a"));
      assert.equal(await stream.resetCode, h2Error.cancel);
      await (await connection.nextStream()).answer();
    }, async ({ events, version }) => {
      const controller = new AbortController();
      const stream = events.subscribe({}, { signal: controller.signal })[Symbol.asyncIterator]();
      await take(stream, 1);
      const next = failure(stream.next(), controller.signal);
      const reason = new Error("seen enough");
      controller.abort(reason);
      assert.equal(await rejection(next), reason);
      await version.version({});
    });
  });

  it("stream() refuses a message above the limit", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      await stream.message(eventBytes("/".repeat(2000)));
    }, async ({ events }) => {
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      assert.equal((await failure(stream.next())).code, "resource_exhausted");
    }, { grpc: { maxMessageBytes: 1024 } });
  });

  it("stream() lets the server send no more than a little ahead of the consumer", async () => {
    const count = 100;
    const event = eventBytes("/".repeat(100_000));
    let sent = 0;
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      for (; sent < count; sent++) await stream.message(event);
      stream.trailers([["grpc-status", "0"]]);
    }, async ({ events }) => {
      const stream = events.subscribe({})[Symbol.asyncIterator]();
      await take(stream, 1);
      await new Promise((resolve) => setTimeout(resolve, 100)); // No more is to be sent meanwhile.
      assert.ok(sent < 50, `${sent} messages were sent`);
      await take(stream, count - 1);
      assert.equal((await stream.next()).done, true);
    });
  });

  it("stream() goes through interceptors", async () => {
    const seen: string[] = [];
    const interceptor: Interceptor = (next) => (req) => {
      seen.push(req.method.name);
      return next(req);
    };
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      stream.trailers([["grpc-status", "0"]]);
    }, async ({ events }) => {
      for await (const event of events.subscribe({})) seen.push(event.topic);
      assert.deepEqual(seen, ["Subscribe"]);
    }, { grpc: { interceptors: [interceptor] } });
  });

  it("stream() sends and reads at the same time", async () => {
    const size = toBinary(
      WriteContentRequestSchema,
      create(WriteContentRequestSchema, { data: new Uint8Array(chunkBytes) }),
    ).byteLength + 5;
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      for (let count = 1; count <= 20; count++) {
        await connection.until(() => stream.requestBytes >= count * size);
        const response = create(WriteContentResponseSchema, { offset: BigInt(count) });
        await stream.message(toBinary(WriteContentResponseSchema, response));
      }
      await stream.request;
      stream.trailers([["grpc-status", "0"]]);
    }, async ({ rpc }) => {
      const content = createClient(Content, rpc.transport);
      const answers: Array<() => void> = [];
      async function* requests() {
        for (let count = 0; count < 20; count++) {
          const answered = new Promise<void>((resolve) => answers.push(resolve));
          yield { data: new Uint8Array(chunkBytes) };
          await answered;
        }
      }
      const offsets: bigint[] = [];
      for await (const response of content.write(requests())) {
        offsets.push(response.offset);
        answers.shift()?.();
      }
      assert.deepEqual(offsets, Array.from({ length: 20 }, (_, at) => BigInt(at + 1)));
    });
  });
});
