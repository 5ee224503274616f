import { Code, ConnectError } from "@connectrpc/connect";
import type { Connector } from "./connector.ts";
import { canceled } from "./exchange.ts";
import type { Session } from "./session.ts";

/** How often a session may end between being found and being used; a server may just refuse us. */
const maxAttempts = 3;

/**
 * Finds the session, takes a stream on it and starts a call. A session that ended before anything
 * was sent is replaced.
 *
 * @param start Starts the call on the stream; must call `session.request` at once.
 * @throws {ConnectError} with the cause of the failure.
 */
export async function startCall<T>(
  connector: Connector,
  signal: AbortSignal | undefined,
  start: (session: Session) => T,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    const session = connector.current ?? await connected(connector, signal);
    const turn = session.reserve(signal);
    if (turn !== undefined) await whenAdmitted(turn, signal);
    if (session.usable) return start(session);
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
