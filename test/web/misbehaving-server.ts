import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** An HTTP server on loopback that answers as a test wants. */
export class MisbehavingServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** Starts it. */
  static async start(listener: RequestListener): Promise<MisbehavingServer> {
    const server = createServer(listener);
    const self = new MisbehavingServer(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return self;
  }

  /** `baseUrl` of a client. */
  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends it with every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** One message, or the trailer, as gRPC-Web frames it. */
export function frame(flags: number, data: Uint8Array | string): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const framed = new Uint8Array(5 + bytes.length);
  framed[0] = flags;
  new DataView(framed.buffer).setUint32(1, bytes.length);
  framed.set(bytes, 5);
  return framed;
}

/** The trailer of a call that went well. */
export const okTrailer: Uint8Array = frame(0x80, "grpc-status: 0\r\n");

/** The headers of a gRPC-Web answer. */
export const grpcWebHeaders: Readonly<Record<string, string>> = {
  "content-type": "application/grpc-web+proto",
};
