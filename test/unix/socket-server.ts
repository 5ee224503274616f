import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server on a unix socket, of half-open connections. */
export interface SocketServer extends AsyncDisposable {
  /** Its folder. */
  readonly folder: string;
  /** Where it listens. */
  readonly address: URL;
  /** Stops to listen and ends its connections; the socket's file goes with it. */
  close(): Promise<void>;
}

/** Listens on a unix socket; `onConnection` gets each connection. */
export async function listen(onConnection: (socket: Socket) => void): Promise<SocketServer> {
  const folder = await mkdtemp(join(tmpdir(), "unix-"));
  const path = join(folder, "x.sock");
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    folder,
    address: new URL(`unix://${path}`),
    close,
    async [Symbol.asyncDispose]() {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
