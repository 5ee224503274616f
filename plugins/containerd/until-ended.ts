import { abortable } from "../../src/abort.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { ExitWatch } from "./exit-watch.ts";
import type { Session, Subject } from "./session.ts";

/** Waits for the end of a process; rejects when the session is closed before. */
export async function untilEnded(
  session: Session,
  watch: ExitWatch,
  { subject, signal }: { readonly subject: Subject; readonly signal: AbortSignal | undefined },
): Promise<ExitStatus> {
  const closed = Promise.withResolvers<never>();
  const forget = session.onClosing(() => closed.reject(session.closedError(subject)));
  try {
    return await abortable(Promise.race([watch.exited, closed.promise]), signal);
  } finally {
    forget();
  }
}
