import { Buffer } from "node:buffer";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WireConnection } from "./wire-connection.ts";

/** What {@linkcode WireServer.listen} takes. */
export interface WireServerOptions {
  /** SETTINGS that are sent first, as pairs of number and value; `null` sends nothing at all. */
  readonly settings?: ReadonlyArray<readonly [number, number]> | null;
  /** After how many connections a further one is told nothing before its script does. */
  readonly silentAfter?: number;
  /** Whether data that arrives is granted again at once. Default: `"auto"`. */
  readonly windows?: "auto" | "manual";
}

/**
 * An HTTP/2 server that speaks frame by frame, so that a test says exactly what the client sees:
 * when, in which order, and against the rules, too. It runs no HTTP/2 code of the runtime.
 */
export class WireServer implements AsyncDisposable {
  /** The address to connect to. */
  readonly address: string;
  /** All connections so far. */
  readonly connections: WireConnection[] = [];
  readonly #server: Server;
  readonly #folder: string;

  private constructor(server: Server, folder: string, address: string) {
    this.#server = server;
    this.#folder = folder;
    this.address = address;
  }

  /** Listens on a unix socket and runs `script` for each connection; its errors fail the test. */
  static async listen(
    script: (connection: WireConnection, server: WireServer) => Promise<void> | void,
    options: WireServerOptions = {},
  ): Promise<WireServer> {
    const folder = await mkdtemp(join(tmpdir(), "wire-"));
    const path = join(folder, "s");
    const server = createServer();
    const wire = new WireServer(server, folder, `unix://${path}`);
    server.on("connection", (socket: Socket) => {
      const { silentAfter = Number.POSITIVE_INFINITY } = options;
      const silent = wire.connections.length >= silentAfter;
      const connection = new WireConnection(socket, {
        ...options,
        ...(silent ? { settings: null } : {}),
      });
      wire.connections.push(connection);
      connection.run(() => script(connection, wire));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return wire;
  }

  /** Closes all connections; throws the first error of a script. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.connections) connection.destroy();
    await closed;
    await rm(this.#folder, { recursive: true, force: true });
    for (const connection of this.connections) connection.throwIfFailed();
  }
}

/** A server of plain bytes: what is no HTTP/2 at all. */
export async function listenRaw(
  onConnection: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly address: string }> {
  const folder = await mkdtemp(join(tmpdir(), "raw-"));
  const path = join(folder, "s");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix://${path}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A message of gRPC with its head. */
export function grpcMessage(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}
