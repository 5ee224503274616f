import type { EventStream, RuntimeEvent } from "./events.ts";

/** The stream that a promise leads to. */
export function deferredEvents(stream: Promise<EventStream>): EventStream {
  const ready = stream.then((each) => each.ready);
  ready.catch(() => {}); // a subscription that nobody awaits must not end the process
  return {
    ready,
    [Symbol.asyncIterator]: () => {
      const opening = stream.then((each) => each[Symbol.asyncIterator]());
      let opened: AsyncIterator<RuntimeEvent> | undefined;
      return {
        next: () => opened ? opened.next() : opening.then((each) => (opened = each).next()),
        return: async () => {
          await (await opening).return?.();
          return { done: true, value: undefined };
        },
      };
    },
    [Symbol.asyncDispose]: async () => await (await stream)[Symbol.asyncDispose](),
  };
}
