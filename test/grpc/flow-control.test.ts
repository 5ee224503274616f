import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import {
  Containers,
  CreateContainerResponseSchema,
  GetContainerResponseSchema,
} from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { withServer } from "./bed.ts";
import type { WireConnection, WireStream } from "./wire-connection.ts";

/** Bytes that show where a piece was lost, doubled or moved. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

function specOf(value: Uint8Array) {
  return { container: { id: "big", spec: { typeUrl: "spec", value } } };
}

const created = toBinary(CreateContainerResponseSchema, create(CreateContainerResponseSchema));

/** Whether a request ends with the bytes. */
function endsWith(request: Uint8Array, bytes: Uint8Array): boolean {
  const tail = request.subarray(request.byteLength - bytes.byteLength);
  return Buffer.from(tail).equals(bytes);
}

const sizes = { "1 MiB": 1 << 20, "15 MiB": 15 << 20 };

describe("flow control", () => {
  for (const [name, size] of Object.entries(sizes)) {
    it(`unary() sends and reads ${name}`, async () => {
      const value = pattern(size);
      let sent: Uint8Array | undefined;
      const response = create(GetContainerResponseSchema, specOf(value));
      await withServer((connection) =>
        connection.serve(async (stream) => {
          const request = await stream.request;
          if (request.byteLength < size) {
            return await stream.answer(toBinary(GetContainerResponseSchema, response));
          }
          sent = request;
          await stream.answer(created);
        }), async ({ rpc }) => {
        const containers = createClient(Containers, rpc.transport);
        await containers.create(specOf(value));
        // The spec is the last field of the message that is not empty.
        assert.ok(sent && endsWith(sent, value));
        const { container } = await containers.get({ id: "big" });
        assert.ok(Buffer.from(container?.spec?.value ?? []).equals(value));
      });
    });
  }

  it("unary() sends through windows of one byte", async () => {
    const value = pattern(300);
    let sent: Uint8Array | undefined;
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      await grantByOne(connection, stream);
      sent = await stream.request;
      await stream.answer(created);
    }, async ({ rpc }) => {
      await createClient(Containers, rpc.transport).create(specOf(value));
      assert.ok(sent && endsWith(sent, value));
    }, { settings: [[4, 0]], windows: "manual" });
  });

  it("unary() goes on when the server raises the windows of open streams by SETTINGS", async () => {
    const value = pattern(500_000);
    let sent: Uint8Array | undefined;
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      connection.grant(0, 4 << 20);
      // As a server in Go does: more for this message, and then larger windows for all streams. Each
      // time all that is allowed has arrived, and the upload stands still.
      await connection.until(() => stream.requestBytes === 65_535);
      connection.grant(stream.id, 200_000);
      await connection.until(() => stream.requestBytes === 265_535);
      connection.settings([[4, 131_070]]);
      await connection.until(() => stream.requestBytes === 331_070);
      connection.settings([[4, 1 << 20]]);
      sent = await stream.request;
      await stream.answer(created);
      const second = await connection.nextStream();
      await second.request;
      await second.answer(created);
    }, async ({ rpc }) => {
      const containers = createClient(Containers, rpc.transport);
      await containers.create(specOf(value));
      assert.ok(sent && endsWith(sent, value));
      // A stream that is opened after the change has the larger window at once.
      await containers.create(specOf(value));
    }, { windows: "manual" });
  });

  it("stream() sends a large request", async () => {
    const filter = "x".repeat(300_000);
    let sent = 0;
    await withServer((connection) =>
      connection.serve(async (stream) => {
        sent = (await stream.request).byteLength;
        stream.headers();
        stream.trailers([["grpc-status", "0"]]);
      }), async ({ server, events }) => {
      const topics: string[] = [];
      for await (const event of events.subscribe({ filters: ["a"] })) topics.push(event.topic);
      assert.equal(server.connections.length, 1);
      for await (const event of events.subscribe({ filters: [filter] })) topics.push(event.topic);
      assert.ok(sent > filter.length);
      assert.deepEqual(topics, []);
      // Bun: see Routes.
      assert.equal(server.connections.length, "Bun" in globalThis ? 2 : 1);
    });
  });

  it("unary() sends many large messages at a time", async () => {
    const value = pattern(400_000);
    await withServer(
      (connection) =>
        connection.serve(async (stream) => {
          assert.ok(endsWith(await stream.request, value));
          await stream.answer(created);
        }),
      async ({ rpc }) => {
        const containers = createClient(Containers, rpc.transport);
        const calls = Array.from({ length: 16 }, () => containers.create(specOf(value)));
        assert.equal((await Promise.all(calls)).length, 16);
      },
    );
  });
});

/** Grants what arrives next one byte at a time, on the stream; the connection has enough. */
async function grantByOne(connection: WireConnection, stream: WireStream): Promise<void> {
  let ended = false;
  void stream.request.then(() => ended = true);
  for (let bytes = 1; !ended; bytes++) {
    connection.grant(stream.id, 1);
    await Promise.race([stream.request, connection.until(() => stream.requestBytes >= bytes)]);
  }
}
