import { ConnectError } from "@connectrpc/connect";
import type { ClientHttp2Stream } from "node:http2";
import { ContainerError } from "../../src/errors.ts";
import { exchange } from "./exchange.ts";
import { encodeFrame } from "./frames.ts";
import { requestHeaders } from "./request-headers.ts";
import type { Session } from "./session.ts";
import type { GrpcSettings } from "./settings.ts";

/** An empty `grpc.health.v1.HealthCheckRequest`: the health of the whole server. */
const emptyMessage = new Uint8Array(0);

/** The answer is a number; a server that sends more is alive, too. */
const maxAnswerBytes = 64 * 1024;

interface Watch {
  streams: number;
  misses: number;
  timer: ReturnType<typeof setInterval> | undefined;
}

/**
 * Finds connections that are dead without a word, while streams are open on them: an idle stream
 * alone would wait for ever. Not by HTTP/2 PINGs, for which containerd ends the connection, but by
 * a unary call. Nothing of it keeps the process alive.
 */
export class Watchdogs {
  readonly #settings: GrpcSettings;
  readonly #address: URL;
  readonly #watches = new Map<Session, Watch>();

  /** @param address Where the sessions lead to, for messages. */
  constructor(address: URL, settings: GrpcSettings) {
    this.#address = address;
    this.#settings = settings;
  }

  /** Watches a session as long as a stream of it is open. */
  watch(session: Session, stream: ClientHttp2Stream): void {
    if (this.#settings.healthIntervalMs === 0) return;
    const watch = this.#watches.get(session) ?? this.#start(session);
    watch.streams++;
    stream.once("close", () => {
      if (--watch.streams > 0) return;
      clearInterval(watch.timer);
      this.#watches.delete(session);
    });
  }

  #start(session: Session): Watch {
    const watch: Watch = { streams: 0, misses: 0, timer: undefined };
    watch.timer = setInterval(
      () => void this.#check(session, watch),
      this.#settings.healthIntervalMs,
    );
    if (typeof watch.timer === "object") watch.timer.unref();
    this.#watches.set(session, watch);
    return watch;
  }

  async #check(session: Session, watch: Watch): Promise<void> {
    if (await this.#answers(session)) {
      watch.misses = 0;
      return;
    }
    if (++watch.misses < this.#settings.healthMisses || watch.streams === 0) return;
    const { href } = this.#address;
    await session.destroy(
      new ContainerError("unavailable", `Lost connection to "${href}": no sign of life`, {
        cause: Object.assign(new Error("health checks timed out"), { code: "ETIMEDOUT" }),
      }),
    );
  }

  /**
   * Whether the server sent any answer: an error, as of a server without that service, is one.
   * While all streams that it allows are in use it cannot be asked, and gets the benefit of doubt.
   */
  async #answers(session: Session): Promise<boolean> {
    const timeoutMs = this.#settings.healthTimeoutMs;
    if (!session.tryReserve()) return true;
    try {
      await exchange(session, {
        headers: requestHeaders("/grpc.health.v1.Health/Check", timeoutMs, undefined),
        frame: encodeFrame(emptyMessage, maxAnswerBytes),
        kind: "background",
        signal: undefined,
        timeoutMs,
        maxMessageBytes: maxAnswerBytes,
      });
      return true;
    } catch (error) {
      return error instanceof ConnectError && error.isWireError;
    }
  }
}
