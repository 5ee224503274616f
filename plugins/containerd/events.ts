import type { EventSink, EventSource, ProcessState, TaskState } from "../../src/event-source.ts";
import type { EventStream } from "../../src/events.ts";
import { gaplessEvents } from "../../src/gapless-events.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { containerOomKilled } from "./oom.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import { knownState } from "./process-state.ts";
import { serverStream } from "./server-stream.ts";
import { type Session, unlessMissing } from "./session.ts";
import { SubscriptionMarker } from "./subscription-marker.ts";

const SUBJECT = { action: "Cannot subscribe to events of containerd" };
const LIST_SUBJECT = { action: "Cannot list tasks of containerd" };

/** Subscribes to the events of the session's namespace; until the session is closed. */
export function containerdEvents(session: Session, { signal }: CallOptions): EventStream {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  const close = () => stop.abort(session.closedError(SUBJECT));
  const forget = session.onClosing(close);
  if (session.closed) close();
  const onEnd = () => {
    signal?.removeEventListener("abort", abort);
    forget();
  };
  return gaplessEvents(new SessionEvents(session), { signal: stop.signal, onEnd });
}

/** The events of one session's namespace, as containerd tells them. */
class SessionEvents implements EventSource {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async subscribe(sink: EventSink, signal: AbortSignal): Promise<void> {
    // Loaded on first use: starting a container needs none of their stubs.
    const { decodeDeletedExit, decodeEvent } = await import("./event-decoding.ts");
    const session = this.#session;
    const { namespace } = session.options;
    const marker = new SubscriptionMarker(session);
    const filters = [`namespace=="${namespace}",topic~=|^/tasks/|`, marker.filter];
    const open = (end: AbortSignal) =>
      session.events.subscribe({ filters }, session.rpcOptions(end));
    const stop = new AbortController();
    const abort = () => stop.abort();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    let refusal: { readonly error: unknown } | undefined;
    // Without the marker nobody would ever learn that the subscription is live.
    marker.publish(signal).catch((error: unknown) => {
      refusal = { error };
      abort();
    });
    try {
      for await (const envelope of serverStream(open, stop.signal)) {
        if (marker.matches(envelope)) sink.live();
        const told = decodeEvent(envelope);
        const event = told?.type === "exit" ? session.notes.observe(told) : told;
        if (event) sink.event(event, decodeDeletedExit(envelope));
      }
      // A call that is cut may also just end.
      if (refusal) throw refusal.error;
    } catch (error) {
      throw session.error(refusal ? refusal.error : error, SUBJECT);
    } finally {
      signal.removeEventListener("abort", abort);
      marker.stop();
    }
  }

  async listTasks(signal: AbortSignal): Promise<readonly TaskState[]> {
    const { tasks } = await this.#session.call(
      LIST_SUBJECT,
      (rpc) => this.#session.tasks.list({}, rpc),
      { signal },
    );
    return tasks.flatMap((task) => {
      const state = knownState(task);
      return state ? { ...state, containerId: task.id } : [];
    });
  }

  async findProcess(ref: ProcessRef, signal: AbortSignal): Promise<ProcessState | undefined> {
    const subject = processSubject("get status of", ref);
    const response = await unlessMissing(
      this.#session.call(
        subject,
        (rpc) => this.#session.tasks.get(execIds(ref), rpc),
        { signal },
      ),
    );
    if (response === undefined) {
      // Who has removed it, or was answered just before, knows how it ended.
      await this.#session.notes.expected(ref, signal);
      return undefined;
    }
    const state = response.process && knownState(response.process);
    if (state) return state;
    throw this.#session.notFound(subject, "its state is not known");
  }

  wasOomKilled(containerId: string, signal: AbortSignal): Promise<boolean | "unknown"> {
    return containerOomKilled(this.#session, containerId, { signal });
  }

  onNote(listener: Parameters<Session["notes"]["listen"]>[0]): () => void {
    return this.#session.notes.listen(listener);
  }
}
