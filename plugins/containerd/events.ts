import { abortable } from "../../src/abort.ts";
import { EventQueue } from "../../src/event-queue.ts";
import type { ContainerEvent, EventStream, RuntimeEvent } from "../../src/events.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { Backoff } from "../../src/backoff.ts";
import { backgroundDelay } from "../../src/delay.ts";
import { holdProcess } from "../../src/hold-process.ts";
import { OomMarks } from "./oom-marks.ts";
import { serverStream } from "./server-stream.ts";
import { SubscriptionMarker } from "./subscription-marker.ts";
import type { Session } from "./session.ts";

const SUBJECT = { action: "Cannot subscribe to events of containerd" };

const now = (type: "connected" | "disconnected" | "gap"): RuntimeEvent => ({
  type,
  timestamp: new Date(),
});

/** Subscribes to the events of the session's namespace, again whenever the subscription breaks. */
export function containerdEvents(session: Session, { signal }: CallOptions): EventStream {
  const stop = new AbortController();
  const forget = session.onClosing(() => stop.abort());
  const abort = () => stop.abort();
  signal?.addEventListener("abort", abort, { once: true });
  // While there is no connection, no open call keeps the process alive for the reader.
  const release = holdProcess();
  const queue = new EventQueue<RuntimeEvent>({
    gap: () => now("gap"),
    onReturn: () => {
      release();
      stop.abort();
      forget();
      signal?.removeEventListener("abort", abort);
    },
  });
  stop.signal.addEventListener("abort", () => queue.close(), { once: true });
  if (stop.signal.aborted) queue.close(); // the session is closed already
  const ready = Promise.withResolvers<void>();
  run(session, queue, ready, stop.signal).catch((error: unknown) => {
    ready.reject(error);
    queue.close();
  });
  ready.promise.catch(() => {}); // a subscription that nobody awaits must not end the process
  if (signal?.aborted) abort();
  const live = abortable(ready.promise, signal);
  live.catch(() => {});
  return {
    ready: live,
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await ready.promise.catch((error: unknown) => {
          if (!stop.signal.aborted) throw error;
        });
        return queue.next();
      },
      return: () => queue.return(),
    }),
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}

async function run(
  session: Session,
  queue: EventQueue<RuntimeEvent>,
  ready: PromiseWithResolvers<void>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff();
  let connectedOnce = false;
  while (!signal.aborted) {
    let connected = false;
    try {
      await subscribe(session, signal, (event) => queue.push(event), () => {
        connected = true;
        backoff.reset();
        if (connectedOnce) queue.push(now("connected"));
        connectedOnce = true;
        ready.resolve();
      });
    } catch (error) {
      if (!connectedOnce && !signal.aborted) throw session.error(error, SUBJECT);
    }
    if (signal.aborted) break;
    if (connected) queue.push(now("disconnected"));
    await backgroundDelay(backoff.next(), signal);
  }
  ready.reject(session.closedError(SUBJECT));
}

/** One subscription, until it ends. */
async function subscribe(
  session: Session,
  signal: AbortSignal,
  push: (event: ContainerEvent) => void,
  onReady: () => void,
): Promise<void> {
  const { decodeEvent } = await import("./event-decoding.ts");
  const { namespace } = session.options;
  const marker = new SubscriptionMarker(session);
  const filters = [`namespace=="${namespace}",topic~=|^/tasks/|`, marker.filter];
  const marks = new OomMarks();
  const open = (end: AbortSignal) => session.events.subscribe({ filters }, session.rpcOptions(end));
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
      if (marker.matches(envelope)) onReady();
      const event = decodeEvent(envelope);
      if (event) push(marks.apply(event));
    }
    // A call that is cut may also just end.
    if (refusal) throw refusal.error;
  } catch (error) {
    throw refusal ? refusal.error : error;
  } finally {
    signal.removeEventListener("abort", abort);
    marker.stop();
  }
}
