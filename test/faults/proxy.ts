import { once } from "node:events";
import { linkSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Direction, type Faults, ProxiedConnection } from "./proxied-connection.ts";

export type { Direction };

/** Numbers of both ways. */
export interface BothWays {
  /** To the server. */
  readonly up: number;
  /** To the client. */
  readonly down: number;
}

interface Cut {
  remaining: number;
  readonly done: PromiseWithResolvers<void>;
}

interface Standstill {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/**
 * A unix socket in front of a server's, where a test decides what becomes of connections and of
 * their bytes. It looks at nothing, so it cuts in the middle of a frame, too.
 */
export class FaultProxy implements AsyncDisposable {
  /** Path of its socket. */
  readonly path: string;
  /** Address of its socket, as a URL. */
  readonly address: string;
  readonly #folder: string;
  readonly #target: string;
  readonly #open = new Set<ProxiedConnection>();
  readonly #cuts: Partial<Record<Direction, Cut>> = {};
  readonly #standstills: Partial<Record<Direction, Standstill>> = {};
  readonly #bytes = { up: 0, down: 0 };
  readonly #faults: Faults;
  #server: Server | undefined;
  #servers = 0;
  #listening: Promise<void> | undefined;
  #arrival: PromiseWithResolvers<void> = Promise.withResolvers();
  #connections = 0;
  #delayMs = 0;
  #swallows = false;

  private constructor(target: string) {
    this.#target = target;
    this.#folder = mkdtempSync(join(tmpdir(), "lcproxy-"));
    this.path = join(this.#folder, "s");
    this.address = `unix://${this.path}`;
    const delay = () => this.#delayMs;
    this.#faults = {
      passable: async (direction) => await this.#standstills[direction]?.over,
      get delayMs() {
        return delay();
      },
      take: (direction, byteLength) => this.#take(direction, byteLength),
    };
  }

  /** Listens in front of the socket at a path. */
  static async listen(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.#listen();
    return proxy;
  }

  /** How many connections came so far. */
  get connections(): number {
    return this.#connections;
  }

  /** How many of them are open. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** How many bytes were passed on so far. */
  get bytes(): BothWays {
    return { ...this.#bytes };
  }

  /** Resolves with the next connection that comes after this call. */
  async connection(): Promise<void> {
    await this.#arrival.promise;
  }

  /**
   * Passes everything on again, without delay. Connections that were swallowed stay dead; what is
   * armed by {@linkcode cutAfter} no longer is, and never resolves.
   */
  async pass(): Promise<void> {
    this.#delayMs = 0;
    this.#swallows = false;
    for (const direction of ["up", "down"] as const) {
      delete this.#cuts[direction];
      this.#standstills[direction]?.end();
      delete this.#standstills[direction];
    }
    await this.restore();
  }

  /** Breaks off all connections, and resolves when they are closed. New ones pass. */
  async cut(): Promise<void> {
    const open = [...this.#open];
    for (const connection of open) connection.cut();
    await Promise.all(open.map(({ closed }) => closed));
  }

  /**
   * Breaks off the connection that passes the last one of so many further bytes in a direction,
   * counted over all connections. Resolves when it did.
   */
  cutAfter(direction: Direction, byteLength: number): Promise<void> {
    const cut = { remaining: byteLength, done: Promise.withResolvers<void>() };
    this.#cuts[direction] = cut;
    return cut.done.promise;
  }

  /** Lets nothing through in a direction, or both, until {@linkcode pass}; nothing is lost. */
  stall(...directions: readonly Direction[]): void {
    for (const direction of directions.length === 0 ? ["up", "down"] as const : directions) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#standstills[direction] ??= { over: promise, end: resolve };
    }
  }

  /** Swallows what comes, from both ends, of these connections and of new ones; answers nothing. */
  blackhole(): void {
    this.#swallows = true;
    for (const connection of this.#open) connection.swallow();
  }

  /** Holds each piece back, both ways; they stay in order. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Refuses new connections (`ECONNREFUSED`): the file is there, and nobody listens. */
  refuse(): void {
    this.#close();
  }

  /** Takes the file away: new connections find none (`ENOENT`). */
  remove(): void {
    rmSync(this.path, { force: true });
    this.#close();
  }

  /** Listens again after {@linkcode refuse} or {@linkcode remove}. */
  async restore(): Promise<void> {
    while (this.#server === undefined) {
      this.#listening ??= this.#listen().finally(() => this.#listening = undefined);
      await this.#listening;
    }
  }

  /** Breaks everything off and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    for (const standstill of Object.values(this.#standstills)) standstill.end();
    await this.cut();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  // A server takes its own file away when it is closed, so the one that clients use is a link to it:
  // without a server behind it, it refuses.
  async #listen(): Promise<void> {
    const own = join(this.#folder, `${++this.#servers}`);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket, server));
    server.listen(own);
    await once(server, "listening");
    this.#server = server;
    linkSync(own, `${own}.link`);
    renameSync(`${own}.link`, this.path);
  }

  #close(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #accept(client: Socket, server: Server): void {
    // It was waiting to be accepted when the server was closed.
    if (this.#server !== server) return void client.destroy();
    const target = this.#swallows
      ? undefined
      : connect({ path: this.#target, allowHalfOpen: true });
    const connection = new ProxiedConnection(client, target, this.#faults);
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    this.#connections++;
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  #take(direction: Direction, byteLength: number): ReturnType<Faults["take"]> {
    const cut = this.#cuts[direction];
    const passed = Math.min(byteLength, cut?.remaining ?? byteLength);
    this.#bytes[direction] += passed;
    if (cut === undefined) return { byteLength: passed };
    cut.remaining -= passed;
    if (cut.remaining > 0) return { byteLength: passed };
    delete this.#cuts[direction];
    return { byteLength: passed, onCut: () => cut.done.resolve() };
  }
}
