import type { Socket } from "node:net";
import { ContainerError } from "../../src/errors.ts";
import type { Connection } from "../../src/transport.ts";
import { socketError } from "./socket-error.ts";

/** How many bytes are read ahead of the consumer. */
const readAheadBytes = 64 * 1024;

/**
 * Presents a connected socket as a pair of Web Streams, with back-pressure both ways. The socket
 * must allow half-open connections, else closing one direction ends the other.
 *
 * Not `Duplex.toWeb`: it reports the end of one direction as an error of the other one.
 */
export function socketConnection(socket: Socket, address: URL): Connection {
  const lost = (error: unknown) => socketError(error, { action: "Lost connection to", address });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let failure: ContainerError | undefined;
  socket.on("error", (error) => failure ??= lost(error));

  // Set while the consumer can be told something: a stream that has ended takes no more.
  let reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  const endReading = (error?: ContainerError) => {
    if (error === undefined) reader?.close();
    else reader?.error(error);
    reader = undefined;
  };

  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      reader = controller;
      socket.pause();
      socket.on("data", (chunk: Uint8Array) => {
        // A Buffer's slice() shares memory and a Uint8Array's copies: hand out what the type says.
        reader?.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        if (reader !== undefined && (controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.on("end", () => endReading());
      socket.on("close", () => endReading(failure ?? closedHere(address)));
    },
    pull() {
      socket.resume();
    },
    cancel() {
      // Nobody reads any more, and the writer may go on: what arrives is dropped.
      reader = undefined;
      socket.resume();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: readAheadBytes }));

  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      return settled(socket, closed, (done) => socket.write(chunk, done), failed);
    },
    close() {
      return settled(socket, closed, (done) => socket.end(done), failed);
    },
    abort() {
      socket.destroy();
    },
  });

  function failed(error: unknown): ContainerError {
    return failure ?? (error === undefined ? closedHere(address) : lost(error));
  }

  return {
    readable,
    writable,
    async [Symbol.asyncDispose]() {
      // First, since Bun reports the end of the data when a socket is destroyed.
      endReading(closedHere(address));
      socket.destroy();
      await closed;
    },
  };
}

/** Waits for the callback of a write, or for the close of the socket, which may swallow it. */
async function settled(
  socket: Socket,
  closed: Promise<void>,
  start: (done: (error?: Error | null) => void) => void,
  failed: (error: unknown) => ContainerError,
): Promise<void> {
  if (socket.destroyed) throw failed(undefined);
  const outcome = new Promise<"done">((resolve, reject) => {
    start((error) => error ? reject(failed(error)) : resolve("done"));
  });
  const first = await Promise.race([outcome, closed.then(() => "closed" as const)]);
  if (first === "closed") throw failed(undefined);
}

function closedHere(address: URL): ContainerError {
  return new ContainerError("unavailable", `Lost connection to "${address.href}": closed`);
}
