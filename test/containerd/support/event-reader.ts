import type { Client } from "../../../src/client.ts";
import type { ContainerEvent, EventStream } from "../../../src/events.ts";

/** Reads the events of one container from a subscription of its own. */
export class EventReader implements AsyncDisposable {
  readonly #stream: EventStream;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #containerId: string;

  private constructor(stream: EventStream, containerId: string) {
    this.#stream = stream;
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#containerId = containerId;
  }

  /** Subscribes, and resolves when the subscription is live. */
  static async open(client: Client, containerId: string): Promise<EventReader> {
    const stream = client.events();
    await stream.ready;
    return new EventReader(stream, containerId);
  }

  /** The events up to and including the first one of a type, for a process if one is given. */
  async until(
    type: ContainerEvent["type"],
    processId?: string,
  ): Promise<readonly ContainerEvent[]> {
    const seen: ContainerEvent[] = [];
    while (true) {
      const { done, value } = await this.#iterator.next();
      if (done) throw new Error(`The events ended before "${type}"`);
      const event = value as ContainerEvent;
      if (event.containerId !== this.#containerId) continue;
      seen.push(event);
      if (event.type !== type) continue;
      if (processId === undefined || ("processId" in event && event.processId === processId)) {
        return seen;
      }
    }
  }

  /** Ends the subscription. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }
}
