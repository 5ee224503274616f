import { Code, ConnectError } from "@connectrpc/connect";
import { canceled } from "./call-errors.ts";
import type { Connector } from "./connector.ts";
import { type CallKind, holding } from "./hold.ts";
import type { Session } from "./session.ts";

/** How often a session may end between being found and being used; a server may just refuse us. */
const maxAttempts = 3;

/** What {@linkcode startCall} takes. */
export interface CallStart {
  /** Whether the call keeps the process alive, also while it waits to be sent. */
  readonly kind: CallKind;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the session, takes a stream on it and starts a call. A session that ended before anything
 * was sent is replaced.
 *
 * @param start Starts the call on the stream; must call `session.request` at once and not throw.
 * @throws {ConnectError} with the cause of the failure.
 */
export function startCall<T>(
  connector: Connector,
  options: CallStart,
  start: (session: Session) => Promise<T>,
): Promise<T> {
  const { kind, signal } = options;
  if (signal?.aborted) return Promise.reject(canceled(signal.reason));
  // Each step of an async function costs a turn of the microtask queue: the usual case takes none.
  const session = connector.current;
  if (session?.tryReserve()) return start(session);
  return holding(kind, startLater(connector, signal, start));
}

async function startLater<T>(
  connector: Connector,
  signal: AbortSignal | undefined,
  start: (session: Session) => Promise<T>,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    const session = connector.current ?? await connected(connector, signal);
    const turn = session.reserve(signal);
    if (turn !== undefined) await whenAdmitted(turn, signal);
    if (signal?.aborted) {
      session.release();
      throw canceled(signal.reason);
    }
    if (session.usable) return await start(session);
    session.release();
    if (attempt === maxAttempts) throw session.lost();
  }
}

async function connected(connector: Connector, signal: AbortSignal | undefined): Promise<Session> {
  try {
    return await connector.get(signal);
  } catch (error) {
    if (signal?.aborted) throw canceled(signal.reason);
    const text = error instanceof Error ? error.message : String(error);
    throw new ConnectError(text, Code.Unavailable, undefined, undefined, error);
  }
}

async function whenAdmitted(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  try {
    await turn;
  } catch {
    throw canceled(signal?.reason);
  }
}
