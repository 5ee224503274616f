import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { unix } from "../../plugins/unix/mod.ts";
import { isContainerError } from "../../src/errors.ts";
import type { Connection } from "../../src/transport.ts";
import { listen } from "./socket-server.ts";

/** Connects to a server that runs `onConnection`; closes both on every path. */
async function withConnection(
  onConnection: (socket: Socket) => void,
  test: (connection: Connection) => Promise<void>,
): Promise<void> {
  const server = await listen(onConnection);
  try {
    const connection = await unix.connect(server.address);
    try {
      await test(connection);
    } finally {
      await connection[Symbol.asyncDispose]();
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

async function readAll(readable: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 10)) & 0xff);
}

describe("unix connection", () => {
  it("connect() carries bytes both ways and closes each direction for itself", async () => {
    const sent = pattern(3_000_000);
    await withConnection((socket) => {
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      // The answer starts after the request has ended: half-open, both ways.
      socket.on("end", () => socket.end(Buffer.concat(chunks).reverse()));
    }, async (connection) => {
      const writer = connection.writable.getWriter();
      for (let at = 0; at < sent.byteLength; at += 100_000) {
        await writer.write(sent.subarray(at, at + 100_000));
      }
      await writer.close();
      const received = await readAll(connection.readable);
      assert.ok(received.equals(Buffer.from(sent).reverse()));
    });
  });

  it("connect() goes on writing after the peer has ended its direction", async () => {
    const request = Promise.withResolvers<string>();
    await withConnection((socket) => {
      socket.end("bye");
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
      socket.on("end", () => request.resolve(text));
    }, async (connection) => {
      assert.equal((await readAll(connection.readable)).toString(), "bye");
      const writer = connection.writable.getWriter();
      await writer.write(new TextEncoder().encode("still "));
      await writer.write(new TextEncoder().encode("here"));
      await writer.close();
      assert.equal(await request.promise, "still here");
    });
  });

  it("connect() hands out plain Uint8Arrays", async () => {
    await withConnection((socket) => void socket.end("x"), async (connection) => {
      const { value } = await connection.readable.getReader().read();
      assert.equal(value?.constructor, Uint8Array);
      assert.deepEqual([...value], [120]);
    });
  });

  it("connect() reads no more than a little ahead of its consumer", async () => {
    const chunk = new Uint8Array(64 * 1024);
    let taken = 0;
    await withConnection((socket) => {
      // Were it not for back-pressure, the server could write for ever.
      const write = () => {
        do taken += chunk.byteLength; while (socket.write(chunk));
      };
      socket.on("drain", write);
      write();
    }, async (connection) => {
      const reader = connection.readable.getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, 100)); // No more is to be taken meanwhile.
      assert.ok(taken < 2_000_000, `${taken} bytes were taken from the server`);
      let read = 0;
      while (read < 4_000_000) read += (await reader.read()).value?.byteLength ?? 0;
      await reader.cancel();
    });
  });

  it("connect() makes a writer wait for a slow peer", async () => {
    const peer = Promise.withResolvers<Socket>();
    await withConnection((socket) => {
      socket.pause();
      peer.resolve(socket);
    }, async (connection) => {
      const writer = connection.writable.getWriter();
      const chunk = new Uint8Array(1 << 20);
      let done = 0;
      const writing = (async () => {
        for (let count = 0; count < 8; count++) {
          await writer.write(chunk);
          done++;
        }
        await writer.close();
      })();
      const socket = await peer.promise;
      // A socket holds far less than 8 MiB; what it holds depends on the kernel.
      await new Promise((resolve) => setTimeout(resolve, 50)); // No more is to be taken meanwhile.
      assert.ok(done < 8, `${done} writes were taken`);
      let received = 0;
      socket.on("data", (data: Buffer) => received += data.byteLength);
      const ended = once(socket, "end");
      socket.resume();
      await writing;
      await ended;
      assert.equal(received, 8 << 20);
    });
  });

  it("connect() tells both directions when the peer is gone", async () => {
    const peer = Promise.withResolvers<Socket>();
    await withConnection((socket) => peer.resolve(socket), async (connection) => {
      const writer = connection.writable.getWriter();
      const reading = readAll(connection.readable).then(() => "end", (error: unknown) => error);
      (await peer.promise).destroy();
      const error: unknown = await (async () => {
        // The kernel takes a write or two before it tells.
        for (let count = 0; count < 1000; count++) await writer.write(new Uint8Array(65_536));
      })().catch((reason: unknown) => reason);
      assert.ok(isContainerError(error, "unavailable"), String(error));
      assert.match(error.message, /^Lost connection to "unix:\/\/.*": /);
      const read = await reading;
      assert.ok(read === "end" || isContainerError(read, "unavailable"), String(read));
    });
  });

  it("asyncDispose closes both directions, at once and any number of times", async () => {
    const gone = Promise.withResolvers<void>();
    await withConnection((socket) => {
      socket.on("close", () => gone.resolve());
      socket.on("end", () => socket.end());
      socket.resume();
    }, async (connection) => {
      const reading = connection.readable.getReader().read();
      const rejected = assert.rejects(reading, (error) => isContainerError(error, "unavailable"));
      await connection[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
      await rejected;
      await gone.promise;
      const writer = connection.writable.getWriter();
      await assert.rejects(
        writer.write(new Uint8Array(1)),
        (error) => isContainerError(error, "unavailable"),
      );
    });
  });

  it("connect() names the path where there is no socket", async () => {
    const error: unknown = await unix.connect(new URL("unix:///nonexistent/x.sock")).catch(
      (reason: unknown) => reason,
    );
    assert.ok(isContainerError(error, "unavailable"), String(error));
    assert.equal(
      error.message,
      'Cannot connect to "unix:///nonexistent/x.sock": no such socket (ENOENT)',
    );
  });

  it("connect() tells that nothing listens on a file or a socket that was left behind", async () => {
    const server = await listen(() => {});
    try {
      const file = `${server.folder}/file`;
      await writeFile(file, "");
      const error: unknown = await unix.connect(new URL(`unix://${file}`)).catch(
        (reason: unknown) => reason,
      );
      assert.ok(isContainerError(error, "unavailable"), String(error));
      assert.ok(error.message.endsWith("nothing listens there (ECONNREFUSED)"), error.message);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it("connect() and socket() reject with the reason of an aborted signal", async () => {
    const server = await listen(() => {});
    try {
      const reason = { any: "value" };
      const signal = AbortSignal.abort(reason);
      const is = (error: unknown) => error === reason;
      await assert.rejects(unix.connect(server.address, { signal }), is);
      await assert.rejects(async () => await unix.socket?.(server.address, { signal }), is);
      const controller = new AbortController();
      const connecting = unix.connect(server.address, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(connecting, is);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it("socket() gives a connected socket of node:net", async () => {
    const server = await listen((socket) => void socket.pipe(socket));
    try {
      const socket = await unix.socket?.(server.address);
      assert.ok(socket);
      const echoed = once(socket, "data");
      socket.write("echo");
      assert.equal(String((await echoed)[0]), "echo");
      socket.destroy();
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it("connect() does not look at proxy variables", async () => {
    const names = [
      "http_proxy",
      "https_proxy",
      "all_proxy",
      "HTTP_PROXY",
      "HTTPS_PROXY",
      "ALL_PROXY",
    ];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = "http://127.0.0.1:9";
    try {
      await withConnection((socket) => void socket.end("direct"), async (connection) => {
        assert.equal((await readAll(connection.readable)).toString(), "direct");
      });
    } finally {
      names.forEach((name, at) => {
        const value = before[at];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      });
    }
  });
});
