import { ContainerError } from "../../src/errors.ts";
import { SingleFlight } from "../../src/single-flight.ts";
import type { Session } from "./session.ts";

/**
 * Holds the one session of a client: makes it for whoever asks first, and again after it was lost.
 * Sessions that drain after a GOAWAY stay known until they have ended.
 */
export class Connector {
  readonly #address: URL;
  readonly #flight: SingleFlight<Session>;
  readonly #sessions = new Set<Session>();
  #closed: ContainerError | undefined;

  /**
   * @param address Where it connects to, for messages.
   * @param connect Makes a session; its signal aborts when nobody waits for it any more.
   */
  constructor(address: URL, connect: (signal: AbortSignal) => Promise<Session>) {
    this.#address = address;
    this.#flight = new SingleFlight(async (signal) => {
      const session = await connect(signal);
      this.#adopt(session);
      signal.throwIfAborted();
      return session;
    });
  }

  /** The session, if there is one that takes calls. */
  get current(): Session | undefined {
    const session = this.#flight.current;
    return session?.usable ? session : undefined;
  }

  /**
   * The session; connects if there is none.
   *
   * @throws {ContainerError} `unavailable` after {@linkcode Connector.close}, or what connecting
   * failed with. An abort rejects with the signal's reason and fails nobody else.
   */
  async get(signal?: AbortSignal): Promise<Session> {
    if (this.#closed) throw this.#closed;
    if (this.#flight.current !== undefined && !this.#flight.current.usable) this.#flight.take();
    const session = await this.#flight.get(signal);
    if (this.#closed) throw this.#closed;
    return session;
  }

  /** Ends all sessions, with their calls; no new ones are made. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= new ContainerError(
      "unavailable",
      `Lost connection to "${this.#address.href}": client closed`,
    );
    const reason = this.#closed;
    // A connection that is being made ends by itself: see #adopt.
    this.#flight.take()?.catch(() => {});
    await Promise.all([...this.#sessions].map((session) => session.destroy(reason)));
  }

  #adopt(session: Session): void {
    this.#sessions.add(session);
    session.closed.then(() => this.#sessions.delete(session));
    if (this.#closed) void session.destroy(this.#closed);
  }
}
