import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { createServer, type TlsOptions as ServerOptions } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { grpc } from "../../plugins/grpc/mod.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import { createAuthority } from "../tcp/certificates.ts";
import { rejection } from "../helpers/rejection.ts";
import { versionBytes } from "./bed.ts";
import { WireConnection } from "./wire-connection.ts";

const authority = createAuthority("Test authority");
const own = authority.issue("server.test", { ip: "127.0.0.1" });
const client = authority.issue("client.test");

/** A scripted server behind TLS, which answers every call. */
async function withTls(
  options: ServerOptions,
  test: (address: string) => Promise<void>,
): Promise<void> {
  const connections: WireConnection[] = [];
  const server = createServer({ ...own, ALPNProtocols: ["h2"], ...options }, (socket) => {
    const connection = new WireConnection(socket, {});
    connections.push(connection);
    connection.run(() => connection.serve((stream) => stream.answer(versionBytes("1"))));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await test(`tls://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of connections) connection.destroy();
    await closed;
  }
  for (const connection of connections) connection.throwIfFailed();
}

describe("grpc() over TLS", () => {
  it("grpc() calls a server that shows and asks for a certificate", async () => {
    const options = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    await withTls(options, async (address) => {
      const rpc = await grpc({ address, tls: { ca: authority.cert, ...client } })();
      try {
        const version = createClient(Version, rpc.transport);
        assert.equal((await version.version({})).version, "1");
      } finally {
        await rpc[Symbol.asyncDispose]();
      }
    });
  });

  it("grpc() refuses a server that it does not trust", async () => {
    await withTls({}, async (address) => {
      const error = await rejection(grpc({ address })());
      assert.ok(isContainerError(error, "unauthenticated"), String(error));
    });
  });

  it("grpc() is refused by a server that does not trust it", async () => {
    const options = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    await withTls(options, async (address) => {
      // With TLS 1.3 the client learns of it after its own handshake has succeeded.
      const error = await rejection(grpc({ address, tls: { ca: authority.cert } })());
      assert.ok(isContainerError(error), String(error));
      assert.ok(["unauthenticated", "unavailable"].includes(error.code), error.code);
    });
  });
});
