import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { FaultProxy } from "./proxy.ts";

/** A server that sends back what it gets, with a proxy before it. */
interface Echo {
  readonly proxy: FaultProxy;
  /** What the server got so far, of all connections. */
  readonly received: () => string;
  /** Connects, and resolves when that is done. */
  dial(): Promise<Peer>;
}

/** An end of a connection, with what it read. */
class Peer {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #text = "";

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (chunk: Uint8Array) => this.#text += Buffer.from(chunk).toString());
    socket.on("error", () => {});
  }

  get text(): string {
    return this.#text;
  }

  async reads(text: string): Promise<void> {
    await eventually(`reading ${text}`, () => this.#text.length >= text.length);
    assert.equal(this.#text, text);
  }
}

async function withEcho(test: (echo: Echo) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lcecho-"));
  const path = join(folder, "s");
  const sockets = new Set<Socket>();
  let received = "";
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      received += Buffer.from(chunk).toString();
      socket.write(chunk);
    });
  });
  server.listen(path);
  await once(server, "listening");
  const proxy = await FaultProxy.listen(path);
  const peers: Peer[] = [];
  try {
    await test({
      proxy,
      received: () => received,
      dial: async () => {
        const peer = new Peer(connect(proxy.path));
        peers.push(peer);
        await once(peer.socket, "connect");
        return peer;
      },
    });
  } finally {
    for (const { socket } of peers) socket.destroy();
    await proxy[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function dialError(path: string): Promise<string | undefined> {
  const socket = connect(path);
  const [error] = await once(socket, "error");
  return (error as NodeJS.ErrnoException).code;
}

describe("FaultProxy", () => {
  it("listen() passes bytes on, both ways, and counts them and the connections", async () => {
    await withEcho(async ({ proxy, dial }) => {
      assert.equal(proxy.connections, 0);
      const came = proxy.connection();
      const [one] = await Promise.all([dial(), came]);
      one.socket.write("hello");
      await one.reads("hello");
      assert.deepEqual(proxy.bytes, { up: 5, down: 5 });
      const two = await dial();
      two.socket.write("x");
      await two.reads("x");
      assert.equal(proxy.connections, 2);
      assert.equal(proxy.openConnections, 2);
      one.socket.end();
      await one.closed;
      await eventually("its end is seen", () => proxy.openConnections === 1);
    });
  });

  it("cut() breaks off all connections, and new ones pass", async () => {
    await withEcho(async ({ proxy, dial }) => {
      const peers = [await dial(), await dial()];
      for (const peer of peers) peer.socket.write("a");
      for (const peer of peers) await peer.reads("a");
      await proxy.cut();
      assert.equal(proxy.openConnections, 0);
      await Promise.all(peers.map(({ closed }) => closed));
      const next = await dial();
      next.socket.write("b");
      await next.reads("b");
    });
  });

  for (const byteLength of [0, 1, 4]) {
    it(`cutAfter() breaks off what the client sends after ${byteLength} bytes`, async () => {
      await withEcho(async ({ proxy, dial, received }) => {
        const peer = await dial();
        const cut = proxy.cutAfter("up", byteLength);
        peer.socket.write("abcdef");
        await Promise.all([cut, peer.closed]);
        await eventually("all that passed is there", () => received().length === byteLength);
        assert.equal(received(), "abcdef".slice(0, byteLength));
        const next = await dial();
        next.socket.write("whole");
        await next.reads("whole");
      });
    });
  }

  it("cutAfter() breaks off what the server sends, and counts over several pieces", async () => {
    await withEcho(async ({ proxy, dial }) => {
      const peer = await dial();
      const cut = proxy.cutAfter("down", 5);
      peer.socket.write("abc");
      await peer.reads("abc");
      peer.socket.write("def");
      await Promise.all([cut, peer.closed]);
      assert.equal(peer.text, "abcde");
    });
  });

  for (const direction of ["up", "down"] as const) {
    it(`stall() holds back what goes ${direction} until pass(), and loses nothing`, async () => {
      await withEcho(async ({ proxy, dial, received }) => {
        const peer = await dial();
        peer.socket.write("a");
        await peer.reads("a");
        proxy.stall(direction);
        peer.socket.write("b");
        if (direction === "down") await eventually("it arrives", () => received() === "ab");
        else assert.equal(received(), "a");
        // Another connection stands still, too.
        const other = await dial();
        other.socket.write("x");
        assert.equal(peer.text + other.text, "a");
        await proxy.pass();
        await peer.reads("ab");
        await other.reads("x");
      });
    });
  }

  it("blackhole() swallows what comes, of new connections, too, for good", async () => {
    await withEcho(async ({ proxy, dial, received }) => {
      const peer = await dial();
      peer.socket.write("a");
      await peer.reads("a");
      proxy.blackhole();
      const other = await dial();
      peer.socket.write("b");
      other.socket.write("b");
      await proxy.pass();
      peer.socket.write("c");
      const next = await dial();
      next.socket.write("d");
      await next.reads("d");
      assert.equal(received(), "ad");
      assert.equal(peer.text + other.text, "a");
      assert.equal(proxy.openConnections, 3);
    });
  });

  it("delay() holds each piece back and keeps the order", async () => {
    await withEcho(async ({ proxy, dial }) => {
      const peer = await dial();
      proxy.delay(20);
      const before = performance.now();
      for (const piece of ["a", "b", "c"]) peer.socket.write(piece);
      await peer.reads("abc");
      assert.ok(performance.now() - before >= 38, "it took no time"); // both ways, timers round
    });
  });

  it("refuse() leaves the file and refuses; remove() takes it away; restore() undoes both", async () => {
    await withEcho(async ({ proxy, dial }) => {
      const peer = await dial();
      peer.socket.write("a");
      await peer.reads("a");
      proxy.refuse();
      assert.equal(await dialError(proxy.path), "ECONNREFUSED");
      assert.ok(existsSync(proxy.path));
      proxy.remove();
      assert.equal(await dialError(proxy.path), "ENOENT");
      // What is open stays open.
      peer.socket.write("b");
      await peer.reads("ab");
      await Promise.all([proxy.restore(), proxy.pass(), proxy.restore()]);
      const next = await dial();
      next.socket.write("c");
      await next.reads("c");
    });
  });

  it("listen() closes a connection whose target is away, and leaves nothing behind", async () => {
    const proxy = await FaultProxy.listen(join(tmpdir(), "lcproxy-no-such-socket"));
    try {
      const peer = new Peer(connect(proxy.path));
      await peer.closed;
      assert.equal(peer.text, "");
    } finally {
      await proxy[Symbol.asyncDispose]();
    }
    assert.ok(!existsSync(dirname(proxy.path)));
  });
});
