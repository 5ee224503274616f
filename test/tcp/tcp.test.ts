import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, it } from "node:test";
import { createServer as createTlsServer, type TlsOptions as ServerOptions } from "node:tls";
import { parseEndpoint } from "../../plugins/tcp/address.ts";
import { tcp, type TlsOptions } from "../../plugins/tcp/mod.ts";
import { isContainerError } from "../../src/errors.ts";
import { createAuthority } from "./certificates.ts";

const authority = createAuthority("Test authority");
const serverCertificate = authority.issue("server.test", { ip: "127.0.0.1" });
const clientCertificate = authority.issue("client.test");

/** Listens on a free port of the loopback; every connection gets "hello" and its end. */
async function listen(
  scheme: "tcp" | "tls",
  options: ServerOptions,
  test: (address: URL) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const greet = (socket: Socket) => {
    socket.on("error", () => {});
    socket.end("hello");
  };
  const server: Server = scheme === "tls"
    ? createTlsServer({ ...serverCertificate, ...options }, greet)
    : createServer(greet);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await test(new URL(`${scheme}://127.0.0.1:${port}`));
  } finally {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

/** Connects and reads all that the server sends. */
async function greeting(address: URL, tls?: TlsOptions): Promise<string> {
  const connection = await tcp({ tls }).connect(address);
  try {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of connection.readable) text += decoder.decode(chunk, { stream: true });
    return text;
  } finally {
    await connection[Symbol.asyncDispose]();
  }
}

async function refused(promise: Promise<unknown>, code: "unauthenticated" | "unavailable") {
  const error: unknown = await promise.then((value) => value, (reason: unknown) => reason);
  assert.ok(isContainerError(error, code), String(error));
  return error;
}

describe("tcp()", () => {
  it("connect() carries bytes over TCP", async () => {
    await listen("tcp", {}, async (address) => assert.equal(await greeting(address), "hello"));
  });

  it("connect() tells that nothing listens on a port", async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise<void>((resolve) => free.close(() => resolve()));
    const error = await refused(greeting(new URL(`tcp://127.0.0.1:${port}`)), "unavailable");
    assert.equal(
      error.message,
      `Cannot connect to "tcp://127.0.0.1:${port}": nothing listens there (ECONNREFUSED)`,
    );
  });

  it("connect() trusts the given authority, by IP address and by server name", async () => {
    await listen("tls", {}, async (address) => {
      const ca = authority.cert;
      assert.equal(await greeting(address, { ca }), "hello");
      assert.equal(await greeting(address, { ca, servername: "server.test" }), "hello");
      assert.equal(await greeting(address, { ca: new TextEncoder().encode(ca) }), "hello");
    });
  });

  it("connect() refuses a server of another authority", async () => {
    await listen("tls", {}, async (address) => {
      await refused(greeting(address), "unauthenticated");
      const other = createAuthority("Other authority").cert;
      await refused(greeting(address, { ca: other }), "unauthenticated");
    });
  });

  it("connect() refuses a certificate of another name", async () => {
    await listen("tls", {}, async (address) => {
      const tls = { ca: authority.cert, servername: "other.test" };
      await refused(greeting(address, tls), "unauthenticated");
    });
  });

  it("connect() refuses a certificate that has expired", async () => {
    const expired = authority.issue("server.test", {
      ip: "127.0.0.1",
      notAfter: new Date(Date.now() - 1000),
    });
    await listen("tls", expired, async (address) => {
      await refused(greeting(address, { ca: authority.cert }), "unauthenticated");
    });
  });

  it("connect() shows its own certificate to a server that asks for one", async () => {
    const options = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    await listen("tls", options, async (address) => {
      const tls = { ca: authority.cert, ...clientCertificate };
      assert.equal(await greeting(address, tls), "hello");
      // The server may refuse with an alert or by closing: either way there is no greeting.
      const error: unknown = await greeting(address, { ca: authority.cert }).catch(
        (reason: unknown) => reason,
      );
      assert.notEqual(error, "hello");
    });
  });

  it("connect() offers the given protocols", async () => {
    await listen("tls", { ALPNProtocols: ["other", "h2"] }, async (address) => {
      const transport = tcp({ tls: { ca: authority.cert, alpnProtocols: ["h2"] } });
      const socket = await transport.socket?.(address);
      assert.ok(socket && "alpnProtocol" in socket);
      assert.equal(socket.alpnProtocol, "h2");
      socket.destroy();
    });
  });

  for (const tls of [{ cert: clientCertificate.cert }, { key: clientCertificate.key }]) {
    it(`connect() refuses only a ${Object.keys(tls)[0]}`, async () => {
      const connecting = tcp({ tls }).connect(new URL("tls://127.0.0.1:1"));
      await assert.rejects(connecting, (error) => isContainerError(error, "invalid_argument"));
    });
  }

  it("connect() and socket() reject with the reason of an aborted signal", async () => {
    const reason = new Error("no");
    const is = (error: unknown) => error === reason;
    await listen("tls", {}, async (address) => {
      const signal = AbortSignal.abort(reason);
      await assert.rejects(tcp().connect(address, { signal }), is);
      const controller = new AbortController();
      const connecting = tcp().socket?.(address, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(async () => await connecting, is);
    });
  });
});

describe("parseEndpoint()", () => {
  const good: ReadonlyArray<readonly [string, string, number, boolean]> = [
    ["tcp://127.0.0.1:5000", "127.0.0.1", 5000, false],
    ["tls://host.test:5000/", "host.test", 5000, true],
    ["tcp://[::1]:5000", "::1", 5000, false],
    ["https://host.test", "host.test", 443, true],
    ["http://host.test", "host.test", 80, false],
  ];
  for (const [given, host, port, secure] of good) {
    it(`parseEndpoint() takes ${given}`, () => {
      assert.deepEqual(parseEndpoint(new URL(given)), { host, port, secure });
    });
  }

  const bad = [
    "unix:///run/x.sock",
    "tcp://host.test",
    "tcp://host.test:0",
    "tcp:host",
    "tcp://user:secret@host.test:1",
    "tcp://host.test:1/path",
    "tcp://host.test:1?query",
    "tcp://host.test:1#hash",
  ];
  for (const given of bad) {
    it(`parseEndpoint() refuses ${given}`, () => {
      assert.throws(() => parseEndpoint(new URL(given)), (error) => {
        assert.ok(isContainerError(error, "invalid_argument"), String(error));
        assert.equal(error.field, "address");
        assert.ok(!error.message.includes("secret"), "a password is not shown");
        return true;
      });
    });
  }
});
