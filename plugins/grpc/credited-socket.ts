import { Duplex } from "node:stream";
import { WindowCredit } from "./window-credit.ts";

/**
 * A socket whose inbound bytes go through {@linkcode WindowCredit}. Bun reads a `net.Socket` past
 * JavaScript, so nothing less than a stream of our own lets us in between.
 *
 * The bytes themselves bypass the buffers of `Duplex`, which would cost a tenth of a small call:
 * the socket has buffers and back-pressure of its own.
 */
export class CreditedSocket extends Duplex {
  /** Corrects the windows of streams. */
  readonly credit: WindowCredit;
  readonly #socket: Duplex;

  /** @param socket A connected socket from which nothing was read; it is taken over. */
  constructor(socket: Duplex) {
    super({ emitClose: true });
    this.#socket = socket;
    this.credit = new WindowCredit((chunk) => this.emit("data", chunk));
    socket.on("drain", () => this.emit("drain"));
    socket.on("end", () => this.emit("end"));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    socket.on("data", (chunk: Uint8Array) => this.credit.read(chunk));
  }

  override pause(): this {
    this.#socket.pause();
    return this;
  }

  override resume(): this {
    this.#socket.resume();
    return this;
  }

  override write(chunk: Uint8Array | string, ...rest: unknown[]): boolean {
    return Reflect.apply(this.#socket.write, this.#socket, [chunk, ...rest]);
  }

  override end(...args: unknown[]): this {
    Reflect.apply(this.#socket.end, this.#socket, args);
    return this;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
