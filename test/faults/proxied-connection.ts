import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Which way bytes go: `up` to the server, `down` to the client. */
export type Direction = "up" | "down";

/** What becomes of the bytes of all connections of a proxy. */
export interface Faults {
  /** Passes, or waits while a direction stands still. */
  passable(direction: Direction): Promise<void>;
  /** How long each piece is held back, in milliseconds. */
  readonly delayMs: number;
  /** Counts bytes, and says how many of them still pass; fewer than all if the rest is cut off. */
  take(direction: Direction, byteLength: number): TakenBytes;
}

/** What may pass of some bytes. */
export interface TakenBytes {
  /** How many pass. */
  readonly byteLength: number;
  /** Called once they are written, if the connection is to be cut after them. */
  readonly onCut?: () => void;
}

/** One client's connection through a proxy. */
export class ProxiedConnection {
  /** Resolves when both ends are closed. */
  readonly closed: Promise<void>;
  readonly #faults: Faults;
  readonly #sockets: readonly Socket[];
  #swallows = false;

  /**
   * @param client The end of the client.
   * @param server The end of the server; without one nobody ever answers.
   */
  constructor(client: Socket, server: Socket | undefined, faults: Faults) {
    this.#faults = faults;
    this.#sockets = server ? [client, server] : [client];
    for (const socket of this.#sockets) socket.on("error", () => {}); // "close" follows
    this.closed = Promise.all(this.#sockets.map(async (socket) => {
      await closed(socket);
      this.cut();
    })).then(() => {});
    if (server === undefined) {
      this.#swallows = true;
      client.resume();
      client.on("end", () => client.end());
    } else {
      void this.#pump(client, server, "up");
      void this.#pump(server, client, "down");
    }
  }

  /** Swallows everything from now on, for good, as a peer does that is gone without a word. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Breaks both ends off. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #pump(from: Socket, to: Socket, direction: Direction): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Uint8Array>) {
        if (this.#swallows) continue;
        await this.#faults.passable(direction);
        if (this.#faults.delayMs > 0) await sleep(this.#faults.delayMs);
        if (this.#swallows) continue;
        const { byteLength, onCut } = this.#faults.take(direction, chunk.byteLength);
        if (byteLength > 0) await write(to, chunk.subarray(0, byteLength));
        if (onCut === undefined) continue;
        this.cut();
        onCut();
      }
      if (!this.#swallows) to.end();
    } catch {
      this.cut(); // one end was broken off, and so is the other
    }
  }
}

// Not `once()` of node:events, which rejects for an "error" before the "close".
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error("Cannot write: closed"));
    const onClose = () => reject(new Error("Cannot write: closed"));
    socket.once("close", onClose);
    socket.write(bytes, () => {
      socket.removeListener("close", onClose);
      resolve();
    });
  });
}
