import { createClient } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { describe, it } from "node:test";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { frame, grpcWebHeaders, okTrailer } from "./misbehaving-server.ts";
import { errorOf, openStream, version, withServer } from "./with-server.ts";

describe("answers and limits of web()", () => {
  it("maxMessageBytes limits what is sent, before it is sent", async () => {
    for (const protocol of ["grpc-web", "connect"] as const) {
      let arrived = 0;
      const listener: RequestListener = (_, response) => {
        arrived++;
        response.writeHead(503).end();
      };
      await withServer(listener, { protocol, maxMessageBytes: 100 }, async ({ transport }) => {
        // With tag and length it is two bytes more.
        const stream = (length: number) =>
          createClient(Events, transport).subscribe({ filters: ["x".repeat(length)] })
            [Symbol.asyncIterator]().next();
        const unary = (length: number) =>
          createClient(Events, transport).publish({ topic: "x".repeat(length) });
        for (const send of [stream, unary]) {
          const error = await errorOf(send(99));
          assert.equal(error.code, "resource_exhausted");
          assert.match(error.message, /message of 101 bytes is larger than 100$/);
        }
        assert.equal(arrived, 0);
        for (const send of [stream, unary]) await errorOf(send(98));
        assert.equal(arrived, 2);
      });
    }
  });

  it("maxMessageBytes limits what is received, before it is there", async () => {
    const open = openStream();
    await withServer(open.listener, { maxMessageBytes: 1000 }, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({});
      const iterator = stream[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).done, false);
      const [, response] = await open.arrived;
      const closed = once(response, "close");
      response.write(frame(0, "x".repeat(1001)).subarray(0, 5));
      const error = await errorOf(iterator.next());
      assert.equal(error.code, "resource_exhausted");
      assert.match(error.message, /message of 1001 bytes is larger than 1000$/);
      await closed;
    });
  });

  it("maxMessageBytes limits the bare answers of the Connect protocol", async () => {
    await withServer(
      (_, response) => {
        response.writeHead(200, { "content-type": "application/proto" });
        response.end("x".repeat(1001));
      },
      { protocol: "connect", maxMessageBytes: 1000 },
      async ({ transport }) => {
        const error = await errorOf(createClient(Version, transport).version({}));
        assert.equal(error.code, "resource_exhausted");
      },
    );
  });

  it("messages of just the limit pass, in pieces of any size", async () => {
    const open = openStream();
    await withServer(open.listener, { maxMessageBytes: 1000 }, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({});
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const [, response] = await open.arrived;
      // Field 2 of the envelope, its namespace, in all 1000 bytes.
      const body = new Uint8Array(1000).fill(0x61);
      body.set([0x12, 0xe5, 0x07]);
      for (const byte of frame(0, body)) {
        await new Promise<void>((resolve) => response.write(Uint8Array.of(byte), () => resolve()));
      }
      const { value } = await iterator.next();
      assert.equal(value?.namespace, "a".repeat(997));
      response.end(okTrailer);
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    });
  });

  it("an answer that is no message fails the call with internal", async () => {
    const flagged = version.slice();
    flagged[0] = 4;
    const bodies = [
      Buffer.concat([flagged, okTrailer]),
      Buffer.concat([version, okTrailer, frame(0, "")]),
    ];
    for (const body of bodies) {
      await withServer(
        (_, response) => void response.writeHead(200, grpcWebHeaders).end(body),
        {},
        async ({ transport }) => {
          const error = await errorOf(createClient(Version, transport).version({}));
          assert.equal(error.code, "internal");
        },
      );
    }
  });
});
