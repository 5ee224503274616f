import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import {
  decodeRaw,
  encodeRaw,
  flag,
  type Frame,
  frameType,
  hpack,
  settingsPayload,
  uint32,
} from "./wire-frames.ts";
import { grpcMessage, type WireServerOptions } from "./wire-server.ts";

const prefaceBytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length;
const maxFrameBytes = 16_384;

/** One connection of a {@linkcode WireServer}. */
export class WireConnection {
  /** All frames of the client so far. */
  readonly received: Frame[] = [];
  /** Settles when the client is gone. */
  readonly closed: Promise<void>;
  /** Streams of the client that have not ended on either side. */
  readonly openStreams: Set<number> = new Set();
  readonly #socket: Socket;
  readonly #options: WireServerOptions;
  readonly #streams = new Map<number, WireStream>();
  readonly #arrived: WireStream[] = [];
  readonly #waiting: Array<(stream: WireStream) => void> = [];
  readonly #watchers = new Set<() => void>();
  readonly #owed = new Map<number, number>();
  #rest: Buffer = Buffer.alloc(0);
  #prefaceLeft = prefaceBytes;
  #failure: { readonly error: unknown } | undefined;
  #gone = false;
  #greeted = false;
  #acksOwed = 0;
  #window = 65_535;
  #initialWindow = 65_535;

  constructor(socket: Socket, options: WireServerOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#gone = true;
        this.#wake();
        resolve();
      });
    });
    if (options.settings !== null) this.settings(options.settings ?? []);
  }

  /** Runs a script; remembers its error unless the connection was closed under it. */
  run(script: () => Promise<void> | void): void {
    Promise.resolve().then(script).catch((error: unknown) => {
      if (!this.#gone) this.#failure ??= { error };
      this.destroy();
    });
  }

  /** Throws what the script threw. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** The next stream that the client opens, or has opened and nobody has asked for. */
  nextStream(): Promise<WireStream> {
    const stream = this.#arrived.shift();
    if (stream !== undefined) return Promise.resolve(stream);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Answers every further stream. */
  async serve(answer: (stream: WireStream) => Promise<void> | void): Promise<void> {
    for (;;) {
      const stream = await this.nextStream();
      this.run(() => answer(stream));
    }
  }

  /** Waits until something holds; it is looked at after each frame. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#gone) throw new Error("connection was closed");
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Sends SETTINGS. */
  settings(settings: ReadonlyArray<readonly [number, number]>): void {
    this.send(frameType.settings, 0, 0, settingsPayload(settings));
    this.#greeted = true;
    for (; this.#acksOwed > 0; this.#acksOwed--) this.#acknowledge();
  }

  /** Sends GOAWAY. */
  goaway(lastId: number, code: number): void {
    this.send(frameType.goaway, 0, 0, Buffer.concat([uint32(lastId), uint32(code)]));
  }

  /** Lets the client send more; stream 0 is the connection. */
  grant(id: number, bytes: number): void {
    if (bytes > 0) this.send(frameType.windowUpdate, 0, id, uint32(bytes));
  }

  /** Sends any frame. */
  send(type: number, flags: number, id: number, payload: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeRaw(type, flags, id, payload));
  }

  /** Sends data of a stream, as much at a time as the client allows. */
  async sendData(stream: WireStream, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      await this.until(() => this.#window > 0 && stream.window > 0);
      const most = Math.min(this.#window, stream.window, maxFrameBytes);
      const part = bytes.subarray(at, at + most);
      this.#window -= part.byteLength;
      stream.window -= part.byteLength;
      at += part.byteLength;
      this.send(frameType.data, 0, stream.id, part);
    }
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.byteLength);
    this.#prefaceLeft -= skipped;
    const { frames, rest } = decodeRaw(Buffer.concat([this.#rest, chunk.subarray(skipped)]));
    this.#rest = rest;
    for (const frame of frames) {
      this.received.push(frame);
      this.#handle(frame);
      this.#wake();
    }
    for (const [id, bytes] of this.#owed) this.grant(id, bytes);
    this.#owed.clear();
  }

  #owe(id: number, bytes: number): void {
    if (this.#options.windows === "manual") return;
    this.#owed.set(id, (this.#owed.get(id) ?? 0) + bytes);
  }

  #handle(frame: Frame): void {
    const { type, flags, id, payload } = frame;
    const stream = this.#streams.get(id);
    if (type === frameType.settings && (flags & flag.ack) === 0) this.#onSettings(payload);
    if (type === frameType.ping && (flags & flag.ack) === 0) {
      this.send(frameType.ping, flag.ack, 0, payload);
    }
    if (type === frameType.headers) this.#onHeaders(id);
    if (type === frameType.data) {
      stream?.onData(payload);
      this.#owe(0, payload.byteLength);
      if ((flags & flag.endStream) === 0) this.#owe(id, payload.byteLength);
    }
    if (type === frameType.windowUpdate) {
      if (id === 0) this.#window += payload.readUInt32BE(0);
      else if (stream) stream.window += payload.readUInt32BE(0);
    }
    if (type === frameType.reset) {
      this.openStreams.delete(id);
      stream?.onReset(payload.readUInt32BE(0));
    }
    const ends = type === frameType.data || type === frameType.headers;
    if (ends && (flags & flag.endStream) !== 0) this.#streams.get(id)?.onEnd();
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.byteLength; at += 6) {
      if (payload.readUInt16BE(at) !== 4) continue;
      const value = payload.readUInt32BE(at + 2);
      for (const stream of this.#streams.values()) stream.window += value - this.#initialWindow;
      this.#initialWindow = value;
    }
    // The first frame of a server has to be its own SETTINGS.
    if (this.#greeted) this.#acknowledge();
    else this.#acksOwed++;
  }

  #acknowledge(): void {
    this.send(frameType.settings, flag.ack, 0, new Uint8Array(0));
  }

  #onHeaders(id: number): void {
    if (this.#streams.has(id)) return;
    const stream = new WireStream(this, id, this.#initialWindow);
    this.#streams.set(id, stream);
    this.openStreams.add(id);
    const waiting = this.#waiting.shift();
    if (waiting) waiting(stream);
    else this.#arrived.push(stream);
  }

  #wake(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const wake of watchers) wake();
  }
}

/** One stream of a {@linkcode WireConnection}. */
export class WireStream {
  readonly id: number;
  /** The request, once the client has sent all of it: gRPC messages with their heads. */
  readonly request: Promise<Buffer>;
  /** The code with which the client gave the stream up. */
  readonly resetCode: Promise<number>;
  /** How much may be sent. */
  window: number;
  /** How much of the request has arrived. */
  requestBytes: number = 0;
  readonly #connection: WireConnection;
  readonly #chunks: Buffer[] = [];
  #onRequest: (request: Buffer) => void = () => {};
  #onResetCode: (code: number) => void = () => {};

  constructor(connection: WireConnection, id: number, window: number) {
    this.#connection = connection;
    this.id = id;
    this.window = window;
    this.request = new Promise((resolve) => this.#onRequest = resolve);
    this.resetCode = new Promise((resolve) => this.#onResetCode = resolve);
  }

  onData(payload: Buffer): void {
    this.#chunks.push(payload);
    this.requestBytes += payload.byteLength;
  }

  onEnd(): void {
    this.#onRequest(Buffer.concat(this.#chunks));
  }

  onReset(code: number): void {
    this.#onResetCode(code);
  }

  /** Sends the headers of a response of gRPC, or others. */
  headers(
    fields: ReadonlyArray<readonly [string, string]> = [
      [":status", "200"],
      ["content-type", "application/grpc"],
    ],
  ): void {
    this.#connection.send(frameType.headers, flag.endHeaders, this.id, hpack(fields));
  }

  /** Sends bytes of the response. */
  data(bytes: Uint8Array): Promise<void> {
    return this.#connection.sendData(this, bytes);
  }

  /** Sends a message of the response. */
  message(bytes: Uint8Array): Promise<void> {
    return this.data(grpcMessage(bytes));
  }

  /** Sends trailers; alone, they are a whole response. */
  trailers(fields: ReadonlyArray<readonly [string, string]>): void {
    this.#connection.openStreams.delete(this.id);
    const flags = flag.endHeaders | flag.endStream;
    this.#connection.send(frameType.headers, flags, this.id, hpack(fields));
  }

  /** Sends a whole response: one message and the status for success. */
  async answer(bytes: Uint8Array = new Uint8Array(0)): Promise<void> {
    this.headers();
    await this.message(bytes);
    this.trailers([["grpc-status", "0"]]);
  }

  /** Sends a response that is only a status. */
  fail(status: string, more: ReadonlyArray<readonly [string, string]> = []): void {
    this.trailers([
      [":status", "200"],
      ["content-type", "application/grpc"],
      ["grpc-status", status],
      ...more,
    ]);
  }

  /** Gives the stream up. */
  reset(code: number): void {
    this.#connection.openStreams.delete(this.id);
    this.#connection.send(frameType.reset, 0, this.id, uint32(code));
  }
}
