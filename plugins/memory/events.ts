import type {
  EventSink,
  EventSource,
  ProcessNote,
  ProcessRef,
  ProcessState,
  TaskState,
} from "../../src/event-source.ts";
import type { EventStream } from "../../src/events.ts";
import { gaplessEvents } from "../../src/gapless-events.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type { Connection } from "./connection.ts";
import { nothingIfMissing } from "./process.ts";
import { aboutContainer, aboutProcess, type Subject } from "./refusal.ts";

const SUBSCRIBE: Subject = { method: "subscribe", action: "Cannot subscribe to events of host" };

/** The events of a host as one client gets them, with the questions that fill their gaps. */
class HostEvents implements EventSource {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Subscribes once. */
  async subscribe(sink: EventSink, signal: AbortSignal): Promise<void> {
    const { link, host: { daemon: { machine: { bus } } } } = this.#connection;
    // Of an answer that is lost on the way nothing must stay behind.
    let stop: () => void = () => {};
    try {
      await link.call(SUBSCRIBE, () => void (stop = bus.add(sink)), { signal });
      sink.live();
      await link.wait(SUBSCRIBE, () => () => {}, { signal });
    } finally {
      stop();
    }
  }

  /** All tasks as they are now. */
  listTasks(signal: AbortSignal): Promise<readonly TaskState[]> {
    const subject: Subject = { method: "listTasks", action: "Cannot list tasks of host" };
    return this.#connection.link.call(
      subject,
      (daemon) => daemon.tasks.map(({ state }) => state),
      { signal },
    );
  }

  /** A process as it is now. */
  findProcess(ref: ProcessRef, signal: AbortSignal): Promise<ProcessState | undefined> {
    const subject = aboutProcess("findProcess", "find", ref);
    return this.#connection.link.call(subject, (daemon) => {
      const task = daemon.task(ref.containerId);
      return task.process(ref.processId).state(task.isPaused);
    }, { signal }).catch(nothingIfMissing);
  }

  /** Whether a process of a container was ended for want of memory. */
  async wasOomKilled(containerId: string, signal: AbortSignal): Promise<boolean | "unknown"> {
    const subject = aboutContainer("findProcess", "find task of", containerId);
    const asked = this.#connection.link.call(
      subject,
      (daemon) => daemon.task(containerId).oomKills > 0,
      { signal },
    );
    return await asked.catch(nothingIfMissing) ?? "unknown";
  }

  /** Tells what handles of this client learn. */
  onNote(listener: (note: ProcessNote) => void): () => void {
    const { notes } = this.#connection;
    notes.add(listener);
    return () => void notes.delete(listener);
  }
}

/** The events of all containers of a host, without gaps. */
export function hostEvents(connection: Connection, { signal }: CallOptions): EventStream {
  const { link } = connection;
  const stop = new AbortController();
  const close = () => stop.abort(link.error(SUBSCRIBE, "unavailable", "closed"));
  const abort = () => stop.abort(signal?.reason);
  const forget = link.onClosing(close);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  else if (link.isClosed) close();
  return gaplessEvents(new HostEvents(connection), {
    signal: stop.signal,
    onEnd: () => {
      forget();
      signal?.removeEventListener("abort", abort);
    },
  });
}
