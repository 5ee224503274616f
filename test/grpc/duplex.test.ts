import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { createClient } from "@connectrpc/connect";
import { grpc } from "../../plugins/grpc/mod.ts";
import { unix } from "../../plugins/unix/mod.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import type { Transport } from "../../src/transport.ts";
import { eventBytes, versionBytes } from "./bed.ts";
import { WireServer } from "./wire-server.ts";

/** What a transport gives that cannot hand out the socket itself, as for named pipes on Node. */
function wrap(socket: Socket): Duplex {
  const duplex = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => {
    if (!duplex.push(chunk)) socket.pause();
  });
  socket.on("end", () => duplex.push(null));
  socket.on("close", () => duplex.destroy());
  return duplex;
}

const wrapped: Transport<Duplex> = {
  schemes: ["unix"],
  connect: (address, options) => unix.connect(address, options),
  async socket(address, options) {
    const socket = await unix.socket?.(address, options);
    assert.ok(socket);
    return wrap(socket);
  },
};

describe("grpc() over a stream that is no socket", {
  skip: "Deno" in globalThis ? "node:http2 of Deno takes nothing but a net.Socket" : false,
}, () => {
  it("grpc() makes unary and streaming calls", async () => {
    const server = await WireServer.listen(async (connection) => {
      for (let count = 0; count < 50; count++) {
        await (await connection.nextStream()).answer(versionBytes("1"));
        const stream = await connection.nextStream();
        stream.headers();
        await stream.message(eventBytes("/a"));
        stream.trailers([["grpc-status", "0"]]);
      }
    });
    try {
      const rpc = await grpc({ address: server.address, transport: wrapped })();
      try {
        const version = createClient(Version, rpc.transport);
        const events = createClient(Events, rpc.transport);
        for (let count = 0; count < 50; count++) {
          assert.equal((await version.version({})).version, "1");
          const topics: string[] = [];
          for await (const event of events.subscribe({})) topics.push(event.topic);
          assert.deepEqual(topics, ["/a"]);
        }
      } finally {
        await rpc[Symbol.asyncDispose]();
      }
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});
