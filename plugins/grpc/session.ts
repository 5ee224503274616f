import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { ContainerError } from "../../src/errors.ts";
import type { CallKind } from "./hold.ts";
import type { WindowCredit } from "./window-credit.ts";

/** What a {@linkcode Session} is made from. */
export interface SessionOptions {
  /** The HTTP/2 session, whose first SETTINGS frame has arrived. */
  readonly http2: ClientHttp2Session;
  /** The socket under it. */
  readonly socket: Duplex;
  /** Where it leads to, for messages. */
  readonly address: URL;
  /** Corrects the windows of streams, where the runtime needs that. */
  readonly credit?: WindowCredit | undefined;
}

/**
 * One HTTP/2 connection: hands out streams within the limit of the server, keeps the process alive
 * while a foreground call is open, and knows why it ended.
 *
 * connect-node's session manager is not used: it keeps the process alive for every open stream, it
 * takes a connection for open before the server has said a word, and it leaves requests above the
 * server's stream limit to the runtime.
 */
export class Session {
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #http2: ClientHttp2Session;
  readonly #socket: Duplex;
  readonly #address: URL;
  readonly #credit: WindowCredit | undefined;
  readonly #waiting = new Set<() => void>();
  #slots: number;
  #taken = 0;
  #foreground = 0;
  #draining = false;
  #reason: ContainerError | undefined;
  #failure: unknown;

  /** @param options The connection; the session takes it over. */
  constructor(options: SessionOptions) {
    this.#http2 = options.http2;
    this.#socket = options.socket;
    this.#address = options.address;
    this.#credit = options.credit;
    this.#slots = slotsOf(options.http2);
    const { http2 } = options;
    http2.on("remoteSettings", () => {
      this.#slots = slotsOf(http2);
      this.#admit();
    });
    http2.on("goaway", () => this.#drain());
    http2.on("error", (error) => {
      this.#failure ??= error;
      this.#drain();
    });
    this.closed = new Promise((resolve) => {
      http2.once("close", () => {
        this.#drain();
        resolve();
      });
    });
    this.#unref();
  }

  /** Whether new calls can be made. After GOAWAY they cannot, while open ones go on. */
  get usable(): boolean {
    return !this.#draining && !this.#http2.closed && !this.#http2.destroyed;
  }

  /** Whether calls that are open can still be answered. */
  get alive(): boolean {
    // Deno ends the streams of a broken connection before it ends the session.
    return !this.#http2.destroyed && !this.#socket.destroyed;
  }

  /**
   * Takes one of the streams that the server allows at a time; gives it back with
   * {@linkcode Session.release}. {@linkcode Session.request} passes it on to its stream.
   *
   * @returns A promise only if the caller has to wait for one.
   */
  reserve(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.tryReserve()) return undefined;
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal?.removeEventListener("abort", abort);
        this.#waiting.delete(admit);
        this.#taken++;
        resolve();
      };
      const abort = () => {
        this.#waiting.delete(admit);
        reject(signal?.reason);
      };
      this.#waiting.add(admit);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /**
   * Takes one of the streams, if one is free. On a session that takes no calls any more it always
   * does, so that nobody waits there.
   */
  tryReserve(): boolean {
    if (this.#taken >= this.#slots && this.usable) return false;
    this.#taken++;
    return true;
  }

  /** Gives back a stream that was reserved and not used. */
  release(): void {
    this.#taken--;
    this.#admit();
  }

  /** Opens the stream that was reserved. Throws what `node:http2` throws, and then releases it. */
  request(headers: OutgoingHttpHeaders, kind: CallKind): ClientHttp2Stream {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#http2.request(headers);
    } catch (error) {
      this.release();
      throw error;
    }
    if (kind === "foreground" && this.#foreground++ === 0) this.#ref();
    const { id } = stream;
    this.#credit?.opened(id);
    stream.on("close", () => {
      this.#credit?.closed(id);
      if (kind === "foreground" && --this.#foreground === 0) this.#unref();
      this.release();
    });
    return stream;
  }

  /** The error of a call that ended with the connection. */
  lost(cause?: unknown): ConnectError {
    const { href } = this.#address;
    if (this.#reason !== undefined) return unavailable(this.#reason.message, this.#reason);
    const failure = this.#failure ?? cause ?? reset();
    return unavailable(`connection to "${href}" was lost`, failure);
  }

  /** Ends the connection at once; open calls fail with `reason`. Idempotent. */
  async destroy(reason: ContainerError): Promise<void> {
    this.#reason ??= reason;
    this.#drain();
    if (!this.#http2.destroyed) this.#http2.destroy(this.#reason);
    this.#socket.destroy();
    await this.closed;
  }

  /** No new calls: those that wait for a stream are let go, to find another session. */
  #drain(): void {
    this.#draining = true;
    this.#admit();
  }

  #admit(): void {
    for (const admit of this.#waiting) {
      if (this.usable && this.#taken >= this.#slots) return;
      admit();
    }
  }

  #ref(): void {
    refer(this.#socket, "ref");
  }

  #unref(): void {
    refer(this.#socket, "unref");
  }
}

function slotsOf(http2: ClientHttp2Session): number {
  return http2.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
}

/**
 * Says whether a socket keeps the process alive. Called on the socket, since
 * `ClientHttp2Session.unref()` of Deno throws where that is not a `net.Socket`.
 */
export function refer(socket: Duplex, method: "ref" | "unref"): void {
  if (socket.destroyed || !(method in socket)) return;
  (socket as Duplex & Record<typeof method, () => void>)[method]();
}

function unavailable(message: string, cause: unknown): ConnectError {
  const text = message.charAt(0).toLowerCase() + message.slice(1);
  return new ConnectError(text, Code.Unavailable, undefined, undefined, cause);
}

/** The peer closed the connection without an error on our side. */
function reset(): Error {
  return Object.assign(new Error("connection was closed by the peer"), { code: "ECONNRESET" });
}
