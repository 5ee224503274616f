import type { ContainerInfo } from "../../src/runtime.ts";
import type { OpenCall } from "./journal.ts";

/** What {@linkcode recordedList} takes; nothing is called before the first container is asked for. */
export interface RecordedListInit {
  /** Takes down that the listing begins. */
  readonly call: () => OpenCall;
  /** Lists. */
  readonly infos: () => AsyncIterable<ContainerInfo> | Iterable<ContainerInfo>;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

/** A listing that is taken down: how many it gave, or how it failed. */
export async function* recordedList(init: RecordedListInit): AsyncGenerator<ContainerInfo> {
  const call = init.call();
  let count = 0;
  try {
    for await (const info of init.infos()) {
      count++;
      yield info;
    }
  } catch (error) {
    call.failed(error, init.signal);
    throw error;
  } finally {
    call.ok({ value: { count } });
  }
}
