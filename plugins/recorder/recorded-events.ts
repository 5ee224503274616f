import type { EventStream, RuntimeEvent } from "../../src/events.ts";
import { withoutMissing } from "./arguments.ts";
import { type Journal, messageOf, type OpenStream } from "./journal.ts";
import type { EventsEndEntry } from "./recording.ts";
import { standIn } from "./stand-in.ts";

/** A stream of events that is taken down as it is read. */
export function recordedEvents(
  journal: Journal,
  real: EventStream,
  call: OpenStream,
  signal: AbortSignal | undefined,
): EventStream {
  let isOver = false;
  const end = (outcome: EventsEndEntry["outcome"], error?: unknown) => {
    if (isOver) return;
    isOver = true;
    const message = outcome === "error" ? { message: messageOf(error) } : {};
    journal.add({ kind: "events-end", call: call.number, outcome, ...message });
    call.over();
  };
  const took = (event: RuntimeEvent) => {
    const ids = "containerId" in event ? { containerId: event.containerId } : {};
    const process = "processId" in event ? { processId: event.processId } : {};
    journal.add({
      kind: "event",
      call: call.number,
      ...ids,
      ...process,
      event: withoutMissing({ ...event }),
    });
  };
  const recorded = (iterator: AsyncIterator<RuntimeEvent>): AsyncIterator<RuntimeEvent> => ({
    next: async () => {
      try {
        const next = await iterator.next();
        if (next.done) end("end");
        else took(next.value);
        return next;
      } catch (error) {
        end("error", error);
        throw error;
      }
    },
    return: async () => {
      end("left");
      return await iterator.return?.() ?? { done: true, value: undefined };
    },
  });
  real.ready.then(() => call.ok(), (error: unknown) => {
    call.failed(error, signal);
    call.over();
  });
  return standIn(
    real,
    new Map<PropertyKey, (value: unknown) => unknown>([
      [Symbol.asyncIterator, () => () => recorded(real[Symbol.asyncIterator]())],
      [Symbol.asyncDispose, () => async () => {
        end("left");
        await real[Symbol.asyncDispose]();
      }],
    ]),
  );
}
